/** What `busbar --help` prints. */
export const helpText = `busbar: AWS application integration on your own machine, on one endpoint

Usage: busbar [options]
       busbar repair <path>    makes a damaged data directory one that can be opened, and lists what is lost

  --port <n>             port to listen on; 0 takes a free one (4566)
  --host <address>       address to bind (127.0.0.1)
  --data-dir <path>      keep state in this directory across restarts (in memory)
  --default-region <r>   region of requests that name none (us-east-1)
  --virtual-clock        time stands still until POST /_busbar/clock moves it
  --seed <text>          the same seed gives the same ids
  --strict               do as AWS where that only slows tests down
  --policies <mode>      what becomes of what the policy of a queue, topic, stream or bus does not allow: audit lets it
                         through and notes it on the request or delivery, enforce refuses it, off does not look (audit)
  --stream-delay <time>  how long Kinesis streams are CREATING, UPDATING or DELETING, such as 500ms (0)
  --max-memory <size>    what the process may use before new work is refused as throttled, such as 512m or 4g (nine tenths
                         of what the container or machine has)
  --log-level <level>    silent, error, warn, info, debug or trace (warn); info prints a line for each request
  --tls                  also serve https on the port, with a self-signed certificate made on first use
  --cert <file>          use this certificate (PEM) instead, with --key
  --key <file>           its private key (PEM)
  --cors-origin <origin> let pages of this origin call the server, besides those of this machine (https://app.example);
                         * lets in every page; may be repeated
  --host-name <name>     a name by which clients reach the server, where it is none of localhost, its address, a name
                         without dots, *.localhost.localstack.cloud or *.amazonaws.com; may be repeated
  --endpoint <name=url>  where a service is that Busbar does not have (dynamodb=http://localhost:8000): clients' calls of it are
                         passed on, tasks call it there; functions (lambda=url), API Gateway for rules and pipes
                         (execute-api=url), KMS for encrypted queues (kms=url); *=url for all others; may be repeated
  --jwks <issuer=url>    where the keys of a token issuer are, for authorizers of APIs, if not at the issuer itself
                         (https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc=http://localhost:9000/jwks.json);
                         may be repeated
  --init <path>          what to have and do at the start: resources (busbar.yaml), a script (.sh), a module (.mjs, .ts), or a
                         directory with such files or with boot.d, start.d, ready.d and shutdown.d; may be repeated
  --s3-root <path>       a directory whose folders stand for S3 buckets, for distributed Maps
  --mocks <file>         mocked task outcomes, in the format of Step Functions Local's mock configuration file
  --function <name=at>   this Lambda function (name or ARN) is a handler in a file (f=./dir/index.mjs#handler), run again after
                         each change, or at a URL that speaks Lambda's Invoke API; may be repeated
  --lambda-node <path>   the Node that runs functions of Node runtimes (the one that runs Busbar)
  --version              print the version
  --help                 print this

Each option can be an environment variable: BUSBAR_PORT, BUSBAR_HOST, BUSBAR_DATA_DIR, BUSBAR_DEFAULT_REGION,
BUSBAR_VIRTUAL_CLOCK=1, BUSBAR_SEED, BUSBAR_STRICT=1, BUSBAR_POLICIES, BUSBAR_STREAM_DELAY, BUSBAR_MAX_MEMORY,
BUSBAR_LOG_LEVEL, BUSBAR_TLS=1, BUSBAR_CERT, BUSBAR_KEY, BUSBAR_LAMBDA_NODE, BUSBAR_S3_ROOT, BUSBAR_MOCKS, and with several
values divided by commas BUSBAR_CORS_ORIGIN, BUSBAR_HOST_NAME, BUSBAR_FUNCTION, BUSBAR_ENDPOINT, BUSBAR_JWKS and BUSBAR_INIT.
PORT is honoured too.

Then point any AWS client at it:

  export AWS_ENDPOINT_URL=http://localhost:4566 AWS_DISABLE_HOST_PREFIX_INJECTION=true
  export AWS_ACCESS_KEY_ID=000000000000 AWS_SECRET_ACCESS_KEY=any
  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1

Any credentials will do; an access key id of 12 digits is the account. Why a message did not arrive, and what else there is to
look at and to move: http://localhost:4566/_busbar/deliveries, requests, events, clock, reset and more, as docs/control.md describes.`;

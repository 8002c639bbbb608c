# Exit code 0 when the server in this container is ready. Asked every two seconds, when Node would take ten times as long.
exec 3<>"/dev/tcp/127.0.0.1/${BUSBAR_PORT:-${PORT:-4566}}" || exit 1
printf 'GET /_busbar/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]

/** Written by scripts/aws-services.mjs: name in `AWS_ENDPOINT_URL_<NAME>`, protocol, signing name, host ("=" the same), `X-Amz-Target`. */
export const awsServices = `
ACCESSANALYZER rest-json access-analyzer =
ACCOUNT rest-json account =
ACM json-1.1 acm = CertificateManager
ACM_PCA json-1.1 acm-pca = ACMPrivateCA
AIOPS rest-json aiops =
AMP rest-json aps =
AMPLIFY rest-json amplify =
AMPLIFYBACKEND rest-json amplifybackend =
AMPLIFYUIBUILDER rest-json amplifyuibuilder =
APIGATEWAYMANAGEMENTAPI rest-json execute-api =
APIGATEWAYV2 rest-json apigateway =
API_GATEWAY rest-json apigateway =
APPCONFIG rest-json appconfig =
APPCONFIGDATA rest-json appconfig appconfigdata
APPFABRIC rest-json appfabric =
APPFLOW rest-json appflow =
APPINTEGRATIONS rest-json app-integrations =
APPLICATIONCOSTPROFILER rest-json application-cost-profiler =
APPLICATION_AUTO_SCALING json-1.1 application-autoscaling = AnyScaleFrontendService
APPLICATION_DISCOVERY_SERVICE json-1.1 discovery = AWSPoseidonService_V2015_11_01
APPLICATION_INSIGHTS json-1.1 applicationinsights = EC2WindowsBarleyService
APPLICATION_SIGNALS rest-json application-signals =
APPRUNNER json-1.0 apprunner = AppRunner
APPSTREAM json-1.1 appstream appstream2 PhotonAdminProxyService
APPSYNC rest-json appsync =
APP_MESH rest-json appmesh =
ARC_REGION_SWITCH json-1.0 arc-region-switch = ArcRegionSwitch
ARC_ZONAL_SHIFT rest-json arc-zonal-shift =
ARTIFACT rest-json artifact =
ATHENA json-1.1 athena = AmazonAthena
AUDITMANAGER rest-json auditmanager =
AUTO_SCALING query autoscaling =
AUTO_SCALING_PLANS json-1.1 autoscaling-plans = AnyScaleScalingPlannerFrontendService
B2BI json-1.0 b2bi = B2BI
BACKUP rest-json backup =
BACKUPSEARCH rest-json backup-search =
BACKUP_GATEWAY json-1.0 backup-gateway = BackupOnPremises_v20210101
BATCH rest-json batch =
BCM_DASHBOARDS json-1.0 bcm-dashboards = AWSBCMDashboardsService
BCM_DATA_EXPORTS json-1.1 bcm-data-exports = AWSBillingAndCostManagementDataExports
BCM_PRICING_CALCULATOR json-1.0 bcm-pricing-calculator = AWSBCMPricingCalculator
BCM_RECOMMENDED_ACTIONS json-1.0 bcm-recommended-actions = AWSBillingAndCostManagementRecommendedActions
BEDROCK rest-json bedrock =
BEDROCK_AGENT rest-json bedrock bedrock-agent
BEDROCK_AGENTCORE rest-json bedrock-agentcore =
BEDROCK_AGENTCORE_CONTROL rest-json bedrock-agentcore bedrock-agentcore-control
BEDROCK_AGENT_RUNTIME rest-json bedrock bedrock-agent-runtime
BEDROCK_DATA_AUTOMATION rest-json bedrock bedrock-data-automation
BEDROCK_DATA_AUTOMATION_RUNTIME json-1.1 bedrock bedrock-data-automation-runtime AmazonBedrockKeystoneRuntimeService
BEDROCK_RUNTIME rest-json bedrock bedrock-runtime
BILLING json-1.0 billing = AWSBilling
BILLINGCONDUCTOR rest-json billingconductor =
BRAKET rest-json braket =
BUDGETS json-1.1 budgets = AWSBudgetServiceGateway
CHATBOT rest-json chatbot =
CHIME rest-json chime =
CHIME_SDK_IDENTITY rest-json chime identity-chime
CHIME_SDK_MEDIA_PIPELINES rest-json chime media-pipelines-chime
CHIME_SDK_MEETINGS rest-json chime meetings-chime
CHIME_SDK_MESSAGING rest-json chime messaging-chime
CHIME_SDK_VOICE rest-json chime voice-chime
CLEANROOMS rest-json cleanrooms =
CLEANROOMSML rest-json cleanrooms-ml =
CLOUD9 json-1.1 cloud9 = AWSCloud9WorkspaceManagementService
CLOUDCONTROL json-1.0 cloudcontrolapi = CloudApiService
CLOUDDIRECTORY rest-json clouddirectory =
CLOUDFORMATION query cloudformation =
CLOUDFRONT rest-xml cloudfront =
CLOUDFRONT_KEYVALUESTORE rest-json cloudfront-keyvaluestore =
CLOUDHSM json-1.1 cloudhsm = CloudHsmFrontendService
CLOUDHSM_V2 json-1.1 cloudhsm cloudhsmv2 BaldrApiService
CLOUDSEARCH query cloudsearch =
CLOUDSEARCH_DOMAIN rest-json cloudsearch cloudsearchdomain
CLOUDTRAIL json-1.1 cloudtrail = com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101
CLOUDTRAIL_DATA rest-json cloudtrail-data =
CLOUDWATCH json-1.0 monitoring = GraniteServiceVersion20100801
CLOUDWATCH_LOGS json-1.1 logs = Logs_20140328
CODEARTIFACT rest-json codeartifact =
CODEBUILD json-1.1 codebuild = CodeBuild_20161006
CODECATALYST rest-json codecatalyst =
CODECOMMIT json-1.1 codecommit = CodeCommit_20150413
CODECONNECTIONS json-1.0 codeconnections = com.amazonaws.codeconnections.CodeConnections_20231201
CODEDEPLOY json-1.1 codedeploy = CodeDeploy_20141006
CODEGURUPROFILER rest-json codeguru-profiler =
CODEGURU_REVIEWER rest-json codeguru-reviewer =
CODEGURU_SECURITY rest-json codeguru-security =
CODEPIPELINE json-1.1 codepipeline = CodePipeline_20150709
CODESTAR_CONNECTIONS json-1.0 codestar-connections = com.amazonaws.codestar.connections.CodeStar_connections_20191201
CODESTAR_NOTIFICATIONS rest-json codestar-notifications =
COGNITO_IDENTITY json-1.1 cognito-identity = AWSCognitoIdentityService
COGNITO_IDENTITY_PROVIDER json-1.1 cognito-idp = AWSCognitoIdentityProviderService
COGNITO_SYNC rest-json cognito-sync =
COMPREHEND json-1.1 comprehend = Comprehend_20171127
COMPREHENDMEDICAL json-1.1 comprehendmedical = ComprehendMedical_20181030
COMPUTE_OPTIMIZER json-1.0 compute-optimizer = ComputeOptimizerService
COMPUTE_OPTIMIZER_AUTOMATION json-1.0 aco-automation = ComputeOptimizerAutomationService
CONFIG_SERVICE json-1.1 config = StarlingDoveService
CONNECT rest-json connect =
CONNECTCAMPAIGNS rest-json connect-campaigns =
CONNECTCAMPAIGNSV2 rest-json connect-campaigns =
CONNECTCASES rest-json cases =
CONNECTHEALTH rest-json health-agent =
CONNECTPARTICIPANT rest-json execute-api participant.connect
CONNECT_CONTACT_LENS rest-json connect contact-lens
CONTROLCATALOG rest-json controlcatalog =
CONTROLTOWER rest-json controltower =
COST_AND_USAGE_REPORT_SERVICE json-1.1 cur = AWSOrigamiServiceGatewayService
COST_EXPLORER json-1.1 ce = AWSInsightsIndexService
COST_OPTIMIZATION_HUB json-1.0 cost-optimization-hub = CostOptimizationHubService
CUSTOMER_PROFILES rest-json profile =
DATABASE_MIGRATION_SERVICE json-1.1 dms = AmazonDMSv20160101
DATABREW rest-json databrew =
DATAEXCHANGE rest-json dataexchange =
DATASYNC json-1.1 datasync = FmrsService
DATAZONE rest-json datazone =
DATA_PIPELINE json-1.1 datapipeline = DataPipeline
DAX json-1.1 dax = AmazonDAXV3
DEADLINE rest-json deadline =
DETECTIVE rest-json detective =
DEVICE_FARM json-1.1 devicefarm = DeviceFarm_20150623
DEVOPS_AGENT rest-json aidevops =
DEVOPS_GURU rest-json devops-guru =
DIRECTORY_SERVICE json-1.1 ds = DirectoryService_20150416
DIRECTORY_SERVICE_DATA rest-json ds-data =
DIRECT_CONNECT json-1.1 directconnect = OvertureService
DLM rest-json dlm =
DOCDB query rds =
DOCDB_ELASTIC rest-json docdb-elastic =
DRS rest-json drs =
DSQL rest-json dsql =
DYNAMODB json-1.0 dynamodb = DynamoDB_20120810
DYNAMODB_STREAMS json-1.0 dynamodb = DynamoDBStreams_20120810
EBS rest-json ebs =
EC2 ec2 ec2 =
EC2_INSTANCE_CONNECT json-1.1 ec2-instance-connect = AWSEC2InstanceConnectService
ECR json-1.1 ecr = AmazonEC2ContainerRegistry_V20150921
ECR_PUBLIC json-1.1 ecr-public = SpencerFrontendService
ECS json-1.1 ecs = AmazonEC2ContainerServiceV20141113
EFS rest-json elasticfilesystem =
EKS rest-json eks =
EKS_AUTH rest-json eks-auth =
ELASTICACHE query elasticache =
ELASTICSEARCH_SERVICE rest-json es =
ELASTIC_BEANSTALK query elasticbeanstalk =
ELASTIC_LOAD_BALANCING query elasticloadbalancing =
ELASTIC_LOAD_BALANCING_V2 query elasticloadbalancing =
ELEMENTALINFERENCE rest-json elemental-inference =
EMR json-1.1 elasticmapreduce = ElasticMapReduce
EMR_CONTAINERS rest-json emr-containers =
EMR_SERVERLESS rest-json emr-serverless =
ENTITYRESOLUTION rest-json entityresolution =
EVENTBRIDGE json-1.1 events = AWSEvents
EVS json-1.0 evs = AmazonElasticVMwareService
FINSPACE rest-json finspace =
FINSPACE_DATA rest-json finspace-api =
FIREHOSE json-1.1 firehose = Firehose_20150804
FIS rest-json fis =
FMS json-1.1 fms = AWSFMS_20180101
FORECAST json-1.1 forecast = AmazonForecast
FORECASTQUERY json-1.1 forecast forecastquery AmazonForecastRuntime
FRAUDDETECTOR json-1.1 frauddetector = AWSHawksNestServiceFacade
FREETIER json-1.0 freetier = AWSFreeTierService
FSX json-1.1 fsx = AWSSimbaAPIService_v20180301
GAMELIFT json-1.1 gamelift = GameLift
GAMELIFTSTREAMS rest-json gameliftstreams =
GEO_MAPS rest-json geo-maps =
GEO_PLACES rest-json geo-places =
GEO_ROUTES rest-json geo-routes =
GLACIER rest-json glacier =
GLOBAL_ACCELERATOR json-1.1 globalaccelerator = GlobalAccelerator_V20180706
GLUE json-1.1 glue = AWSGlue
GRAFANA rest-json grafana =
GREENGRASS rest-json greengrass =
GREENGRASSV2 rest-json greengrass =
GROUNDSTATION rest-json groundstation =
GUARDDUTY rest-json guardduty =
HEALTH json-1.1 health = AWSHealth_20160804
HEALTHLAKE json-1.0 healthlake = HealthLake
IAM query iam =
IDENTITYSTORE json-1.1 identitystore = AWSIdentityStore
IMAGEBUILDER rest-json imagebuilder =
IMPORTEXPORT query importexport =
INSPECTOR json-1.1 inspector = InspectorService
INSPECTOR2 rest-json inspector2 =
INSPECTOR_SCAN rest-json inspector-scan =
INTERCONNECT json-1.0 interconnect = Interconnect
INTERNETMONITOR rest-json internetmonitor =
INVOICING json-1.0 invoicing = Invoicing
IOT rest-json iot =
IOTDEVICEADVISOR rest-json iotdeviceadvisor =
IOTFLEETWISE json-1.0 iotfleetwise = IoTAutobahnControlPlane
IOTSECURETUNNELING json-1.1 IoTSecuredTunneling api.tunneling.iot IoTSecuredTunneling
IOTSITEWISE rest-json iotsitewise =
IOTTHINGSGRAPH json-1.1 iotthingsgraph = IotThingsGraphFrontEndService
IOTTWINMAKER rest-json iottwinmaker =
IOT_DATA_PLANE rest-json iotdata data-ats.iot
IOT_EVENTS rest-json iotevents =
IOT_EVENTS_DATA rest-json ioteventsdata data.iotevents
IOT_JOBS_DATA_PLANE rest-json iot-jobs-data data.jobs.iot
IOT_MANAGED_INTEGRATIONS rest-json iotmanagedintegrations =
IOT_WIRELESS rest-json iotwireless =
IVS rest-json ivs =
IVSCHAT rest-json ivschat =
IVS_REALTIME rest-json ivs ivsrealtime
KAFKA rest-json kafka =
KAFKACONNECT rest-json kafkaconnect =
KENDRA json-1.1 kendra = AWSKendraFrontendService
KENDRA_RANKING json-1.0 kendra-ranking = AWSKendraRerankingFrontendService
KEYSPACES json-1.0 cassandra = KeyspacesService
KEYSPACESSTREAMS json-1.0 cassandra cassandra-streams KeyspacesStreams
KINESIS json-1.1 kinesis = Kinesis_20131202
KINESIS_ANALYTICS json-1.1 kinesisanalytics = KinesisAnalytics_20150814
KINESIS_ANALYTICS_V2 json-1.1 kinesisanalytics = KinesisAnalytics_20180523
KINESIS_VIDEO rest-json kinesisvideo =
KINESIS_VIDEO_ARCHIVED_MEDIA rest-json kinesisvideo =
KINESIS_VIDEO_MEDIA rest-json kinesisvideo =
KINESIS_VIDEO_SIGNALING rest-json kinesisvideo =
KINESIS_VIDEO_WEBRTC_STORAGE rest-json kinesisvideo =
KMS json-1.1 kms = TrentService
LAKEFORMATION rest-json lakeformation =
LAMBDA rest-json lambda =
LAUNCH_WIZARD rest-json launchwizard =
LEX_MODELS_V2 rest-json lex models-v2-lex
LEX_MODEL_BUILDING_SERVICE rest-json lex =
LEX_RUNTIME_SERVICE rest-json lex =
LEX_RUNTIME_V2 rest-json lex runtime-v2-lex
LICENSE_MANAGER json-1.1 license-manager = AWSLicenseManager
LICENSE_MANAGER_LINUX_SUBSCRIPTIONS rest-json license-manager-linux-subscriptions =
LICENSE_MANAGER_USER_SUBSCRIPTIONS rest-json license-manager-user-subscriptions =
LIGHTSAIL json-1.1 lightsail = Lightsail_20161128
LOCATION rest-json geo =
LOOKOUTEQUIPMENT json-1.0 lookoutequipment = AWSLookoutEquipmentFrontendService
M2 rest-json m2 =
MACHINE_LEARNING json-1.1 machinelearning = AmazonML_20141212
MACIE2 rest-json macie2 =
MAILMANAGER json-1.0 ses mail-manager MailManagerSvc
MANAGEDBLOCKCHAIN rest-json managedblockchain =
MANAGEDBLOCKCHAIN_QUERY rest-json managedblockchain-query =
MARKETPLACE_AGREEMENT json-1.0 aws-marketplace agreement-marketplace AWSMPCommerceService_v20200301
MARKETPLACE_CATALOG rest-json aws-marketplace catalog.marketplace
MARKETPLACE_COMMERCE_ANALYTICS json-1.1 marketplacecommerceanalytics = MarketplaceCommerceAnalytics20150701
MARKETPLACE_DEPLOYMENT rest-json aws-marketplace deployment-marketplace
MARKETPLACE_DISCOVERY rest-json aws-marketplace discovery-marketplace
MARKETPLACE_ENTITLEMENT_SERVICE json-1.1 aws-marketplace entitlement.marketplace AWSMPEntitlementService
MARKETPLACE_METERING json-1.1 aws-marketplace metering.marketplace AWSMPMeteringService
MARKETPLACE_REPORTING rest-json aws-marketplace reporting-marketplace
MEDIACONNECT rest-json mediaconnect =
MEDIACONVERT rest-json mediaconvert =
MEDIALIVE rest-json medialive =
MEDIAPACKAGE rest-json mediapackage =
MEDIAPACKAGEV2 rest-json mediapackagev2 =
MEDIAPACKAGE_VOD rest-json mediapackage-vod =
MEDIASTORE json-1.1 mediastore = MediaStore_20170901
MEDIASTORE_DATA rest-json mediastore =
MEDIATAILOR rest-json mediatailor =
MEDICAL_IMAGING rest-json medical-imaging =
MEMORYDB json-1.1 memorydb memory-db AmazonMemoryDB
MGN rest-json mgn =
MIGRATIONHUBORCHESTRATOR rest-json migrationhub-orchestrator =
MIGRATIONHUBSTRATEGY rest-json migrationhub-strategy =
MIGRATIONHUB_CONFIG json-1.1 mgh migrationhub-config AWSMigrationHubMultiAccountService
MIGRATION_HUB json-1.1 mgh = AWSMigrationHub
MIGRATION_HUB_REFACTOR_SPACES rest-json refactor-spaces =
MPA rest-json mpa =
MQ rest-json mq =
MTURK json-1.1 mturk-requester = MTurkRequesterServiceV20170117
MWAA rest-json airflow =
MWAA_SERVERLESS json-1.0 airflow-serverless = AmazonMWAAServerless
NEPTUNE query rds =
NEPTUNEDATA rest-json neptune-db =
NEPTUNE_GRAPH rest-json neptune-graph =
NETWORKFLOWMONITOR rest-json networkflowmonitor =
NETWORKMANAGER rest-json networkmanager =
NETWORKMONITOR rest-json networkmonitor =
NETWORK_FIREWALL json-1.0 network-firewall = NetworkFirewall_20201112
NOTIFICATIONS rest-json notifications =
NOTIFICATIONSCONTACTS rest-json notifications-contacts =
NOVA_ACT rest-json nova-act =
OAM rest-json oam =
OBSERVABILITYADMIN rest-json observabilityadmin =
ODB json-1.0 odb = Odb
OMICS rest-json omics =
OPENSEARCH rest-json es =
OPENSEARCHSERVERLESS json-1.0 aoss = OpenSearchServerless
ORGANIZATIONS json-1.1 organizations = AWSOrganizationsV20161128
OSIS rest-json osis =
OUTPOSTS rest-json outposts =
PANORAMA rest-json panorama =
PARTNERCENTRAL_ACCOUNT json-1.0 partnercentral-account = PartnerCentralAccount
PARTNERCENTRAL_BENEFITS json-1.0 partnercentral-benefits = PartnerCentralBenefitsService
PARTNERCENTRAL_CHANNEL json-1.0 partnercentral-channel = PartnerCentralChannel
PARTNERCENTRAL_SELLING json-1.0 partnercentral-selling = AWSPartnerCentralSelling
PAYMENT_CRYPTOGRAPHY json-1.0 payment-cryptography = PaymentCryptographyControlPlane
PAYMENT_CRYPTOGRAPHY_DATA rest-json payment-cryptography =
PCA_CONNECTOR_AD rest-json pca-connector-ad =
PCA_CONNECTOR_SCEP rest-json pca-connector-scep =
PCS json-1.0 pcs = AWSParallelComputingService
PERSONALIZE json-1.1 personalize = AmazonPersonalize
PERSONALIZE_EVENTS rest-json personalize personalize-events
PERSONALIZE_RUNTIME rest-json personalize personalize-runtime
PI json-1.1 pi = PerformanceInsightsv20180227
PINPOINT rest-json mobiletargeting pinpoint
PINPOINT_EMAIL rest-json ses email
PINPOINT_SMS_VOICE rest-json sms-voice sms-voice.pinpoint
PINPOINT_SMS_VOICE_V2 json-1.0 sms-voice = PinpointSMSVoiceV2
PIPES rest-json pipes =
POLLY rest-json polly =
PRICING json-1.1 pricing = AWSPriceListService
PROTON json-1.0 proton = AwsProton20200720
QAPPS rest-json qapps =
QBUSINESS rest-json qbusiness =
QCONNECT rest-json wisdom =
QUICKSIGHT rest-json quicksight =
RAM rest-json ram =
RBIN rest-json rbin =
RDS query rds =
RDS_DATA rest-json rds-data =
REDSHIFT query redshift =
REDSHIFT_DATA json-1.1 redshift-data = RedshiftData
REDSHIFT_SERVERLESS json-1.1 redshift-serverless = RedshiftServerless
REKOGNITION json-1.1 rekognition = RekognitionService
REPOSTSPACE rest-json repostspace =
RESILIENCEHUB rest-json resiliencehub =
RESOURCE_EXPLORER_2 rest-json resource-explorer-2 =
RESOURCE_GROUPS rest-json resource-groups =
RESOURCE_GROUPS_TAGGING_API json-1.1 tagging = ResourceGroupsTaggingAPI_20170126
ROLESANYWHERE rest-json rolesanywhere =
ROUTE53GLOBALRESOLVER rest-json route53globalresolver =
ROUTE53PROFILES rest-json route53profiles =
ROUTE53RESOLVER json-1.1 route53resolver = Route53Resolver
ROUTE53_RECOVERY_CLUSTER json-1.0 route53-recovery-cluster = ToggleCustomerAPI
ROUTE53_RECOVERY_CONTROL_CONFIG rest-json route53-recovery-control-config =
ROUTE53_RECOVERY_READINESS rest-json route53-recovery-readiness =
ROUTE_53 rest-xml route53 =
ROUTE_53_DOMAINS json-1.1 route53domains = Route53Domains_v20140515
RTBFABRIC rest-json rtbfabric =
RUM rest-json rum =
S3 s3 s3 =
S3FILES rest-json s3files =
S3OUTPOSTS rest-json s3-outposts =
S3TABLES rest-json s3tables =
S3VECTORS rest-json s3vectors =
S3_CONTROL rest-xml s3 s3-control
SAGEMAKER json-1.1 sagemaker = SageMaker
SAGEMAKER_A2I_RUNTIME rest-json sagemaker =
SAGEMAKER_EDGE rest-json sagemaker =
SAGEMAKER_FEATURESTORE_RUNTIME rest-json sagemaker =
SAGEMAKER_GEOSPATIAL rest-json sagemaker-geospatial =
SAGEMAKER_METRICS rest-json sagemaker =
SAGEMAKER_RUNTIME rest-json sagemaker =
SAVINGSPLANS rest-json savingsplans =
SCHEDULER rest-json scheduler =
SCHEMAS rest-json schemas =
SECRETS_MANAGER json-1.1 secretsmanager = secretsmanager
SECURITYAGENT rest-json securityagent =
SECURITYHUB rest-json securityhub =
SECURITYLAKE rest-json securitylake =
SECURITY_IR rest-json security-ir =
SERVERLESSAPPLICATIONREPOSITORY rest-json serverlessrepo =
SERVICEDISCOVERY json-1.1 servicediscovery = Route53AutoNaming_v20170314
SERVICE_CATALOG json-1.1 servicecatalog = AWS242ServiceCatalogService
SERVICE_CATALOG_APPREGISTRY rest-json servicecatalog servicecatalog-appregistry
SERVICE_QUOTAS json-1.1 servicequotas = ServiceQuotasV20190624
SES query ses email
SESV2 rest-json ses email
SFN json-1.0 states = AWSStepFunctions
SHIELD json-1.1 shield = AWSShield_20160616
SIGNER rest-json signer =
SIGNER_DATA rest-json signer data-signer
SIGNIN rest-json signin =
SIMPLEDB query sdb =
SIMPLEDBV2 rest-json sdb =
SIMSPACEWEAVER rest-json simspaceweaver =
SNOWBALL json-1.1 snowball = AWSIESnowballJobManagementService
SNOW_DEVICE_MANAGEMENT rest-json snow-device-management =
SNS query sns =
SOCIALMESSAGING rest-json social-messaging =
SQS json-1.0 sqs = AmazonSQS
SSM json-1.1 ssm = AmazonSSM
SSM_CONTACTS json-1.1 ssm-contacts = SSMContacts
SSM_GUICONNECT rest-json ssm-guiconnect =
SSM_INCIDENTS rest-json ssm-incidents =
SSM_QUICKSETUP rest-json ssm-quicksetup =
SSM_SAP rest-json ssm-sap =
SSO rest-json awsssoportal portal.sso
SSO_ADMIN json-1.1 sso = SWBExternalService
SSO_OIDC rest-json sso-oauth oidc
STORAGE_GATEWAY json-1.1 storagegateway = StorageGateway_20130630
STS query sts =
SUPPLYCHAIN rest-json scn =
SUPPORT json-1.1 support = AWSSupport_20130415
SUPPORT_APP rest-json supportapp =
SUSTAINABILITY rest-json sustainability =
SWF json-1.0 swf = SimpleWorkflowService
SYNTHETICS rest-json synthetics =
TAXSETTINGS rest-json tax =
TEXTRACT json-1.1 textract = Textract
TIMESTREAM_INFLUXDB json-1.0 timestream-influxdb = AmazonTimestreamInfluxDB
TIMESTREAM_QUERY json-1.0 timestream = Timestream_20181101
TIMESTREAM_WRITE json-1.0 timestream = Timestream_20181101
TNB rest-json tnb =
TRANSCRIBE json-1.1 transcribe = Transcribe
TRANSFER json-1.1 transfer = TransferService
TRANSLATE json-1.1 translate = AWSShineFrontendService_20170701
TRUSTEDADVISOR rest-json trustedadvisor =
UXC rest-json uxc =
VERIFIEDPERMISSIONS json-1.0 verifiedpermissions = VerifiedPermissions
VOICE_ID json-1.0 voiceid = VoiceID
VPC_LATTICE rest-json vpc-lattice =
WAF json-1.1 waf = AWSWAF_20150824
WAFV2 json-1.1 wafv2 = AWSWAF_20190729
WAF_REGIONAL json-1.1 waf-regional = AWSWAF_Regional_20161128
WELLARCHITECTED rest-json wellarchitected =
WICKR rest-json wickr =
WISDOM rest-json wisdom =
WORKDOCS rest-json workdocs =
WORKMAIL json-1.1 workmail = WorkMailService
WORKMAILMESSAGEFLOW rest-json workmailmessageflow =
WORKSPACES json-1.1 workspaces = WorkspacesService
WORKSPACES_INSTANCES json-1.0 workspaces-instances = EUCMIFrontendAPIService
WORKSPACES_THIN_CLIENT rest-json thinclient =
WORKSPACES_WEB rest-json workspaces-web =
XRAY rest-json xray =
`;

//! The identity of a job as credentials for the ledger's store: the token in a file is exchanged for temporary
//! credentials, and these sign the requests. The token service and the store are stand-ins that answer as published.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::http;
use crate::memory_bucket::Bucket;
use crate::scenario::{Ended, HEAD, Scenario};

/// A response of Amazon's token service, as its documentation shows it.
const AMAZON: &str = r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>repo:example/team:ref:refs/heads/main</SubjectFromWebIdentityToken>
    <Audience>sts.amazonaws.com</Audience>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/ledger/WebIdentitySession</Arn>
      <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:WebIdentitySession</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <SessionToken>temporary-session</SessionToken>
      <SecretAccessKey>temporary-secret</SecretAccessKey>
      <Expiration>2099-01-01T00:00:00Z</Expiration>
      <AccessKeyId>ASIATEMPORARY</AccessKeyId>
    </Credentials>
    <Provider>arn:aws:iam::123456789012:oidc-provider/example.com</Provider>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>"#;

/// A response of Microsoft's token service.
const MICROSOFT: &str = r#"{"token_type": "Bearer", "expires_in": 86399, "ext_expires_in": 86399, "access_token": "temporary-token"}"#;

const PEOPLE: &str =
    "people: [{email: a@example.com, first_name: A, last_name: A, projects: {storefront: USER}}]\n";

/// A token service, and a store that forbids everything, at one address.
struct StandIn {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request, with all that tells who makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Request {
    line: String,
    authorization: String,
    session: String,
    body: String,
}

impl StandIn {
    /// A service that answers requests for a token, which are those whose path contains `token_path`.
    fn start(token_path: &'static str, token: &'static str) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let address = http::serve(move |request: &http::Request<'_>, response: &mut Vec<u8>| {
            let (status, body) = if request.path.contains(token_path) {
                ("200 OK", token)
            } else {
                ("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")
            };
            let header = |name| request.header(name).unwrap_or_default().to_owned();
            seen.lock().expect("a lock").push(Request {
                line: format!("{} {}", request.method, request.path),
                authorization: header("authorization"),
                session: header("x-amz-security-token"),
                body: String::from_utf8(request.body.to_vec()).expect("UTF-8"),
            });
            write!(response, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                .expect("memory");
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("a lock").clone()
    }
}

/// Runs a command with these variables, and the identity of a job in the file `token`.
fn run(scenario: &Scenario, args: &[&str], variables: &[(&str, String)]) -> Ended {
    scenario.write("token", "identity-of-the-job");
    let mut command = scenario.command(args);
    scenario.finish(command.envs(variables.iter().map(|(name, value)| (*name, value))))
}

/// Neither the identity nor what it was exchanged for is shown or kept.
fn assert_secret(scenario: &Scenario, ended: &Ended) {
    let shown = format!("{}{}{}", ended.stdout, ended.stderr, scenario.read_all(".guestlist"));
    for secret in ["identity-of-the-job", "temporary-", "ASIATEMPORARY"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_job_in_aws_signs_with_the_credentials_of_its_role() {
    let service = StandIn::start("AssumeRoleWithWebIdentity", AMAZON);
    let url = format!("http://{}", service.address);
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: s3://ledgers/team\n{PEOPLE}"));
    let variables = |store: &str| {
        [
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ledger".to_owned()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", scenario.path("token").display().to_string()),
            ("AWS_ENDPOINT_URL_STS", url.clone()),
            ("AWS_ENDPOINT_URL", store.to_owned()),
        ]
    };
    let ended = run(&scenario, &["apply", "--yes"], &variables(&url));
    let why = format!(
        "error: cannot read ledger lock `s3://ledgers/team/lock.json`: `{}` answered 403 AccessDenied; check the \
         credentials, and that they may get, put and list objects there\n",
        service.address
    );
    assert_eq!((ended.status, &ended.stderr), (Some(1), &why));
    assert_secret(&scenario, &ended);
    let requests = service.requests();
    let [exchange, store] = requests.as_slice() else { panic!("{requests:?}") };
    for part in [
        "POST /?",
        "Action=AssumeRoleWithWebIdentity",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fledger",
        "WebIdentityToken=identity-of-the-job",
    ] {
        assert!(exchange.line.contains(part), "{exchange:?}");
    }
    assert_eq!(exchange.authorization, "");
    assert_eq!(store.line, "GET /ledgers/team/lock.json");
    assert!(store.authorization.starts_with("AWS4-HMAC-SHA256 Credential=ASIATEMPORARY/"), "{store:?}");
    assert_eq!(store.session, "temporary-session");
    assert_eq!(scenario.calls(), [], "the service is asked only once the ledger is there");

    // A store that accepts these credentials.
    let bucket = Bucket::start(Duration::ZERO);
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: s3://ledgers/team\n{PEOPLE}"));
    let ended = run(&scenario, &["apply", "--yes", "-vv"], &variables(&format!("http://{}", bucket.address)));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"]);
    assert_secret(&scenario, &ended);
}

#[test]
fn a_job_in_azure_authorizes_with_the_token_of_its_application() {
    let service = StandIn::start("/oauth2/", MICROSOFT);
    let url = format!("http://{}", service.address);
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: az://ledgers/team\n{PEOPLE}"));
    let ended = run(
        &scenario,
        &["apply", "--yes"],
        &[
            ("AZURE_STORAGE_ACCOUNT_NAME", "acme".to_owned()),
            ("AZURE_STORAGE_ENDPOINT", format!("{url}/acme")),
            ("AZURE_CLIENT_ID", "the-application".to_owned()),
            ("AZURE_TENANT_ID", "the-tenant".to_owned()),
            ("AZURE_FEDERATED_TOKEN_FILE", scenario.path("token").display().to_string()),
            ("AZURE_AUTHORITY_HOST", url.clone()),
        ],
    );
    let why = format!(
        "error: cannot read ledger lock `az://ledgers/team/lock.json`: `{}` answered 403 AccessDenied; check the \
         credentials, and that they may get, put and list objects there\n",
        service.address
    );
    assert_eq!((ended.status, &ended.stderr), (Some(1), &why));
    assert_secret(&scenario, &ended);
    let requests = service.requests();
    let [exchange, store] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(exchange.line, "POST /the-tenant/oauth2/v2.0/token");
    for part in ["client_id=the-application", "client_assertion=identity-of-the-job", "storage.azure.com"] {
        assert!(exchange.body.contains(part), "{exchange:?}");
    }
    assert_eq!(store.line, "GET /acme/ledgers/team/lock.json");
    assert_eq!(store.authorization, "Bearer temporary-token");
    assert_eq!(scenario.calls(), [], "the service is asked only once the ledger is there");
}

//! The identity of a job as credentials for the ledger's store: the token in a file is exchanged for temporary
//! credentials, and these sign the requests. The token service and the store are stand-ins that answer as published.

use std::sync::{Arc, Mutex};

use crate::scenario::{Ended, HEAD, Scenario};
use crate::store_server::{Answer, Request, StoreServer};

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

/// A token service, and a store that forbids everything, at one address, and what they were asked.
fn stand_in(token_path: &'static str, token: &'static str) -> (StoreServer, Arc<Mutex<Vec<Request>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let server = StoreServer::start(move |request| {
        seen.lock().expect("a lock").push(request.clone());
        Some(if request.line().contains(token_path) {
            Answer::response(200, "", token)
        } else {
            Answer::response(403, "", "<Error><Code>AccessDenied</Code></Error>")
        })
    });
    (server, requests)
}

/// The request for a token, and the only one to the store.
fn exchange_and_store(requests: &Mutex<Vec<Request>>) -> [Request; 2] {
    requests.lock().expect("a lock").clone().try_into().expect("two requests")
}

/// Runs a command with these variables, and the identity of a job in the file `token`.
fn run(scenario: &Scenario, args: &[&str], variables: &[(&str, String)]) -> Ended {
    scenario.write("token", "identity-of-the-job");
    let mut command = scenario.command(args);
    scenario.finish(command.envs(variables.iter().map(|(name, value)| (*name, value))))
}

fn assert_forbidden(ended: &Ended, scheme: &str, service: &StoreServer) {
    let why = format!(
        "error: cannot read ledger lock `{scheme}://ledgers/team/lock.json`: `{}` answered 403 AccessDenied; check the \
         credentials, and that they may get, put and list objects there\n",
        service.address()
    );
    assert_eq!((ended.status, &ended.stderr), (Some(1), &why));
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
    let (service, requests) = stand_in("AssumeRoleWithWebIdentity", AMAZON);
    let url = format!("http://{}", service.address());
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
    assert_forbidden(&ended, "s3", &service);
    assert_secret(&scenario, &ended);
    let [exchange, store] = exchange_and_store(&requests);
    for part in [
        "POST /?",
        "Action=AssumeRoleWithWebIdentity",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fledger",
        "WebIdentityToken=identity-of-the-job",
    ] {
        assert!(exchange.line().contains(part), "{exchange:?}");
    }
    assert_eq!(exchange.header("authorization"), None);
    assert_eq!(store.line(), "GET /ledgers/team/lock.json");
    let signed_by = store.header("authorization").and_then(|value| value.split('/').next());
    assert_eq!(signed_by, Some("AWS4-HMAC-SHA256 Credential=ASIATEMPORARY"));
    assert_eq!(store.header("x-amz-security-token"), Some("temporary-session"));
    assert_eq!(scenario.calls(), [], "the service is asked only once the ledger is there");

    // A store that accepts these credentials.
    let bucket = StoreServer::start(|_| None);
    let scenario = Scenario::new().team(&format!("{HEAD}ledger: {}\n{PEOPLE}", StoreServer::URL));
    let ended =
        run(&scenario, &["apply", "--yes", "-vv"], &variables(&format!("http://{}", bucket.address())));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(scenario.writes(), ["POST /management/v1/projects/users/invite"]);
    assert_secret(&scenario, &ended);
}

#[test]
fn a_job_in_azure_authorizes_with_the_token_of_its_application() {
    let (service, requests) = stand_in("/oauth2/", MICROSOFT);
    let url = format!("http://{}", service.address());
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
    assert_forbidden(&ended, "az", &service);
    assert_secret(&scenario, &ended);
    let [exchange, store] = exchange_and_store(&requests);
    assert_eq!(exchange.line(), "POST /the-tenant/oauth2/v2.0/token");
    let body = String::from_utf8_lossy(&exchange.body);
    for part in ["client_id=the-application", "client_assertion=identity-of-the-job", "storage.azure.com"] {
        assert!(body.contains(part), "{body}");
    }
    assert_eq!(store.line(), "GET /acme/ledgers/team/lock.json");
    assert_eq!(store.header("authorization"), Some("Bearer temporary-token"));
    assert_eq!(scenario.calls(), [], "the service is asked only once the ledger is there");
}

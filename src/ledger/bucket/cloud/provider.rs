//! The settings of a store, which are the variables of the `object_store` crate, and its errors in words.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as S3Key, S3ConditionalPut};
use object_store::azure::{AzureConfigKey as AzureKey, MicrosoftAzureBuilder};
use object_store::{Error, ObjectStore, RetryConfig};

use super::super::super::store_variables::StoreVariables;
use super::super::objects::{Failure, PutFailure};
use super::connector::Connector;
use super::expiry;
use super::seen::{Problem, Seen};
use crate::escape;
use crate::model::{BucketLocation, StoreKind};
use crate::words;

/// How often the crate repeats a read.
const READS: usize = 4;

/// How much of a key that does not belong there is shown, in characters.
const SHOWN_OF_KEY: usize = 200;

/// How long the crate repeats a read.
const READING: Duration = Duration::from_secs(20);

/// The store of a location.
pub(super) struct Stores {
    /// For reads, which are repeated.
    pub(super) reads: Arc<dyn ObjectStore>,
    /// For writes, which are not.
    pub(super) writes: Arc<dyn ObjectStore>,
    /// When its credentials expire, if that is known and they cannot be renewed.
    pub(super) expires: Option<Timestamp>,
}

/// The store of a location, with the settings in the environment.
pub(super) fn stores(location: &BucketLocation, variables: &StoreVariables) -> Result<Stores, String> {
    let reads = RetryConfig { max_retries: READS, retry_timeout: READING, ..RetryConfig::default() };
    let writes = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    match location.kind() {
        StoreKind::S3 => s3(location, variables, [reads, writes]),
        StoreKind::Azure => azure(location, variables, [reads, writes]),
    }
}

fn s3(
    location: &BucketLocation,
    variables: &StoreVariables,
    [reads, writes]: [RetryConfig; 2],
) -> Result<Stores, String> {
    let has = |names: &[&str]| names.iter().all(|name| variables.get(name).is_some());
    // Without any of these, the crate would ask the address at which a machine of Amazon finds its own role.
    let has_credentials = has(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
        || has(&["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"])
        || has(&["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
        || has(&["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
        || has(&["AWS_METADATA_ENDPOINT"])
        || variables.get("AWS_SKIP_SIGNATURE") == Some("true");
    if !has_credentials {
        let unread = match variables.get("AWS_PROFILE") {
            Some(_) => {
                "; AWS_PROFILE is not read, but `aws configure export-credentials --format env` prints these variables"
            }
            None => "",
        };
        return Err(format!(
            "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN{unread}"
        ));
    }
    let expires = expiry::of_keys(variables);
    must_not_have_expired(expires)?;
    let endpoint = variables.get("AWS_ENDPOINT_URL_S3").or_else(|| variables.get("AWS_ENDPOINT_URL"));
    let endpoint = endpoint.or_else(|| variables.get("AWS_ENDPOINT"));
    let mut builder = AmazonS3Builder::new();
    for (key, value) in variables.settings::<S3Key>("AWS_") {
        builder = builder.with_config(key, value);
    }
    // One connector, so that the root certificates are read once.
    let builder = builder
        .with_bucket_name(location.bucket())
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_http_connector(Connector::new(endpoint)?);
    let store = |builder: AmazonS3Builder| -> Result<Arc<dyn ObjectStore>, String> {
        Ok(Arc::new(builder.build().map_err(|error| settings(&error))?))
    };
    Ok(Stores {
        reads: store(builder.clone().with_retry(reads))?,
        writes: store(builder.with_retry(writes))?,
        expires,
    })
}

fn azure(
    location: &BucketLocation,
    variables: &StoreVariables,
    [reads, writes]: [RetryConfig; 2],
) -> Result<Stores, String> {
    let mut builder = MicrosoftAzureBuilder::new();
    for (key, value) in variables.settings::<AzureKey>("AZURE_") {
        builder = builder.with_config(key, value);
    }
    if let Some(identity) = variables.get("IDENTITY_ENDPOINT") {
        builder = builder.with_msi_endpoint(identity);
    }
    let has = |keys: &[AzureKey]| keys.iter().all(|key| builder.get_config_value(key).is_some());
    let is_on = |key| builder.get_config_value(&key).is_some_and(|value| value == "true");
    let is_emulator = is_on(AzureKey::UseEmulator);
    if !has(&[AzureKey::AccountName]) && !is_emulator {
        return Err("no account: set AZURE_STORAGE_ACCOUNT_NAME".to_owned());
    }
    let has_identity = has(&[AzureKey::ClientId, AzureKey::AuthorityId])
        && (has(&[AzureKey::ClientSecret]) || has(&[AzureKey::FederatedTokenFile]));
    // Without any of these, the crate would ask the address at which a machine of Azure finds its own identity.
    let has_credentials = is_emulator
        || has(&[AzureKey::AccessKey])
        || has(&[AzureKey::SasKey])
        || has(&[AzureKey::Token])
        || has_identity
        || has(&[AzureKey::MsiEndpoint])
        || is_on(AzureKey::UseAzureCli)
        || is_on(AzureKey::SkipSignature);
    if !has_credentials {
        return Err(
            "no credentials: set AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_ID and AZURE_TENANT_ID with AZURE_FEDERATED_TOKEN_FILE or AZURE_CLIENT_SECRET"
                .to_owned(),
        );
    }
    // The crate prefers every other kind of credentials.
    let is_signed = match builder.get_config_value(&AzureKey::CredentialType).as_deref() {
        None | Some("auto") => !(has(&[AzureKey::Token]) || has(&[AzureKey::AccessKey]) || has_identity),
        Some(kind) => kind == "sas_token",
    };
    let signature = builder.get_config_value(&AzureKey::SasKey).filter(|_| is_signed);
    let expires = signature.and_then(|signature| expiry::of_signature(&signature));
    must_not_have_expired(expires)?;
    let endpoint = builder.get_config_value(&AzureKey::Endpoint);
    let endpoint = if is_emulator { Some("http://127.0.0.1".to_owned()) } else { endpoint };
    // One connector, so that the root certificates are read once.
    let builder = builder
        .with_container_name(location.bucket())
        .with_http_connector(Connector::new(endpoint.as_deref())?);
    let store = |builder: MicrosoftAzureBuilder| -> Result<Arc<dyn ObjectStore>, String> {
        Ok(Arc::new(builder.build().map_err(|error| settings(&error))?))
    };
    Ok(Stores {
        reads: store(builder.clone().with_retry(reads))?,
        writes: store(builder.with_retry(writes))?,
        expires,
    })
}

fn must_not_have_expired(expires: Option<Timestamp>) -> Result<(), String> {
    match expires.filter(|end| *end <= Timestamp::now()) {
        Some(end) => Err(format!("the credentials expired at {end:.0}; set new ones")),
        None => Ok(()),
    }
}

/// What is wrong with the variables. The innermost error has no URL in it.
fn settings(error: &Error) -> String {
    format!("the settings in the environment are invalid: {}", innermost(error))
}

fn innermost(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(next) = innermost.source() {
        innermost = next;
    }
    escape::line(&innermost.to_string()).into_owned()
}

/// Why a request failed.
pub(super) enum Failed {
    /// There is no such object.
    NotFound,
    /// The object is larger than the limit of the request.
    TooLarge(Failure),
    /// Anything else.
    Other(Failure),
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NotFound => Self("not found".to_owned()),
            Failed::TooLarge(failure) | Failed::Other(failure) => failure,
        }
    }
}

/// Why a read failed, from the error of the crate and what was seen of the request.
pub(super) fn failed(location: &BucketLocation, error: &Error, seen: Option<Seen>) -> Failed {
    match (error, &seen) {
        (Error::NotFound { .. }, Some(Seen { problem: Problem::Status(404, code), .. }))
            if !code.as_deref().is_some_and(is_about_the_bucket) =>
        {
            Failed::NotFound
        }
        (Error::InvalidPath { .. }, _) => Failed::Other(Failure(
            "there is an object whose name guestlist never writes; use a prefix that nothing else writes to"
                .to_owned(),
        )),
        (_, Some(Seen { problem: Problem::TooLarge(_), .. })) => {
            Failed::TooLarge(explain(location, error, seen))
        }
        _ => Failed::Other(explain(location, error, seen)),
    }
}

/// Why a write failed, and whether it may have happened.
pub(super) fn put_failure(location: &BucketLocation, error: &Error, seen: Option<Seen>) -> PutFailure {
    let is_refused = match seen.as_ref().map(|seen| &seen.problem) {
        // A condition that is not met, or a request that was repeated on its way.
        Some(
            Problem::Status(200..300 | 304 | 408 | 409 | 412 | 429, _)
            | Problem::NoResponse(_)
            | Problem::TooLarge(_),
        ) => false,
        Some(Problem::Status(status, _)) => *status < 500 || *status == 501,
        // It was not sent.
        Some(Problem::Plain) | None => true,
    };
    let failure = explain(location, error, seen);
    if is_refused { PutFailure::Refused(failure) } else { PutFailure::Unclear(failure) }
}

fn is_about_the_bucket(code: &str) -> bool {
    matches!(code, "NoSuchBucket" | "ContainerNotFound" | "ContainerBeingDeleted" | "ResourceNotFound")
}

/// A size limit in words.
fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

/// There was no whole response within `limit`.
pub(super) fn no_response(location: &BucketLocation, limit: Duration) -> Failure {
    let (limit, variable) = (words::duration(limit), endpoint_of(location.kind()));
    Failure(format!("no complete response within {limit}; check the network and {variable}"))
}

/// Why a listing with the key `path`, which is not one of a ledger, is refused.
pub(super) fn refuse_key(location: &BucketLocation, path: &str) -> Failure {
    let variable = endpoint_of(location.kind());
    let path = escape::line(&words::clipped(path, SHOWN_OF_KEY)).into_owned();
    Failure(format!(
        "the store lists `{path}`, which guestlist never writes; check {variable}, or use a prefix that nothing else writes to"
    ))
}

/// The variable that names the address of a store.
fn endpoint_of(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::S3 => "AWS_ENDPOINT_URL",
        StoreKind::Azure => "AZURE_STORAGE_ENDPOINT",
    }
}

/// The end of the sentence that says why a request failed, with what to do.
fn explain(location: &BucketLocation, error: &Error, seen: Option<Seen>) -> Failure {
    let Some(Seen { host, problem }) = seen else { return Failure(innermost(error)) };
    let host = escape::line(&host).into_owned();
    let (status, code) = match problem {
        Problem::NoResponse(why) => {
            let variable = endpoint_of(location.kind());
            return Failure(format!(
                "no response from `{host}`: {}; check the network and {variable}",
                escape::line(&why)
            ));
        }
        Problem::TooLarge(limit) => {
            let (limit, variable) = (size(limit), endpoint_of(location.kind()));
            return Failure(format!(
                "`{host}` sends more than {limit}, which guestlist never writes; restore the object, or check {variable}"
            ));
        }
        Problem::Plain => {
            return Failure(format!(
                "plain `http://` to `{host}` would expose the ledger to the network; use `https://`"
            ));
        }
        Problem::Status(status, code) => (status, code.unwrap_or_default()),
    };
    let kind = location.kind();
    if status < 300 || matches!(status, 302 | 303 | 308) {
        let variable = endpoint_of(kind);
        return Failure(format!(
            "`{host}` answered {status}, and not as an object store or its token service does; check {variable}"
        ));
    }
    let advice = match (code.as_str(), status) {
        (code, _) if is_about_the_bucket(code) => match kind {
            StoreKind::S3 => "; create the bucket, or check its name, AWS_REGION and AWS_ENDPOINT_URL",
            StoreKind::Azure => "; create the container, or check its name and AZURE_STORAGE_ACCOUNT_NAME",
        },
        ("RequestTimeTooSkewed", _) => "; set the clock of this machine",
        ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired", _) => {
            "; the credentials have expired, set new ones"
        }
        ("InvalidAccessKeyId" | "SignatureDoesNotMatch", _) => {
            "; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        }
        ("AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException", _)
        | (_, 301 | 307) => "; set AWS_REGION to the region of the bucket",
        ("NotImplemented", _) | (_, 501) => "; the store does not support conditional writes",
        // Some stores keep no conditions in buckets with versioning, and it was off when the store was checked.
        (_, 412) if kind == StoreKind::S3 => {
            "; if no other run is writing to this ledger, check whether versioning was enabled for the bucket"
        }
        (_, 401 | 403) => "; check the credentials, and that they may get, put and list objects there",
        (_, 409 | 412) => "; something else writes there at the same moment, run again",
        (_, 429 | 500..) => "; run again later",
        _ => match kind {
            StoreKind::S3 => "; check AWS_ENDPOINT_URL and the name of the bucket",
            StoreKind::Azure => "; check AZURE_STORAGE_ENDPOINT and the name of the container",
        },
    };
    let code = if code.is_empty() { String::new() } else { format!(" {code}") };
    Failure(format!("`{host}` answered {status}{code}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_is_never_met_says_what_to_check() {
        let location: BucketLocation = "s3://ledgers/team".parse().unwrap();
        let problem = Problem::Status(412, Some("PreconditionFailed".to_owned()));
        let seen = Some(Seen { host: "store".to_owned(), problem });
        let error = Error::NotImplemented { operation: String::new(), implementer: String::new() };
        assert_eq!(
            put_failure(&location, &error, seen),
            PutFailure::Unclear(Failure(
                "`store` answered 412 PreconditionFailed; if no other run is writing to this ledger, check whether \
                 versioning was enabled for the bucket"
                    .to_owned()
            ))
        );
    }
}

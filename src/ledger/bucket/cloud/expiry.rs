//! When the credentials of a store expire, if that is known and they cannot be renewed.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::super::super::store_variables::StoreVariables;

/// When the keys in the variables of S3 expire. Whatever set them may say so. An identity is exchanged for new
/// keys again and again.
pub(super) fn of_keys(variables: &StoreVariables) -> Option<Timestamp> {
    variables.get("AWS_ACCESS_KEY_ID")?;
    variables.get("AWS_CREDENTIAL_EXPIRATION")?.parse().ok()
}

/// When a shared access signature of Azure expires: its own end (`se`) or, if that is earlier, the end of the key
/// that signed it (`ske`).
pub(super) fn of_signature(signature: &str) -> Option<Timestamp> {
    let query = signature.trim().trim_start_matches('?');
    let url = reqwest::Url::parse(&format!("sas:/?{query}")).ok()?;
    let ends = url.query_pairs().filter(|(name, _)| matches!(&**name, "se" | "ske"));
    ends.filter_map(|(_, end)| time(&end)).min()
}

/// A time as Azure accepts it: with or without seconds, or only a date. It is UTC unless it says otherwise.
fn time(text: &str) -> Option<Timestamp> {
    let utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().as_ref().map(Zoned::timestamp);
    let with_offset = || text.parse::<Timestamp>().ok();
    let midnight = || utc(text.parse::<Date>().ok()?.at(0, 0, 0, 0));
    if text.contains('T') { with_offset() } else { midnight() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(variables: &[(&str, &str)]) -> StoreVariables {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn keys_expire_when_their_variable_says_so_and_an_identity_does_not() {
        let end = ("AWS_CREDENTIAL_EXPIRATION", "2026-11-28T10:00:00+01:00");
        let keys = ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE");
        assert_eq!(of_keys(&variables(&[keys, end])), "2026-11-28T09:00:00Z".parse().ok());
        assert_eq!(of_keys(&variables(&[end])), None);
        assert_eq!(of_keys(&variables(&[keys])), None);
        assert_eq!(of_keys(&variables(&[keys, ("AWS_CREDENTIAL_EXPIRATION", "soon")])), None);
    }

    #[test]
    fn a_signature_expires_with_itself_or_with_the_key_that_signed_it() {
        let check = |signature: &str, expected: &str| {
            assert_eq!(of_signature(signature), expected.parse().ok(), "{signature}");
        };
        check("?sv=2022-11-02&se=2026-11-28T10%3A00%3A00Z&sp=rwl&sig=c2U9%3D", "2026-11-28T10:00:00Z");
        check("se=2026-11-28T10:00Z&sig=x", "2026-11-28T10:00:00Z");
        check("se=2026-11-28&sig=x", "2026-11-28T00:00:00Z");
        check("se=2026-11-28T10:00:00Z&ske=2026-11-27T10:00:00Z&sig=x", "2026-11-27T10:00:00Z");
        check("sp=rwl&si=a-policy&sig=x", "unknown");
        check("se=&sig=x", "unknown");
        check("se=2026-13-28&sig=%FF", "unknown");
    }
}

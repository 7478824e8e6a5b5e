//! The environment variables with the settings and credentials of object stores.

use std::collections::BTreeMap;
use std::fmt;

/// The environment variables that configure object stores: those that start with `AWS_` or `AZURE_`.
#[derive(Clone, Default)]
pub struct StoreVariables(BTreeMap<String, String>);

impl StoreVariables {
    /// Whether a variable of that name belongs to them.
    #[must_use]
    pub fn has(name: &str) -> bool {
        name.starts_with("AWS_") || name.starts_with("AZURE_") || name == "IDENTITY_ENDPOINT"
    }

    /// The value of a variable that is set and not empty.
    #[cfg(feature = "object-store")]
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Those under `prefix` whose name in lower case is a `K`.
    #[cfg(feature = "object-store")]
    pub(super) fn settings<K: std::str::FromStr>(&self, prefix: &str) -> impl Iterator<Item = (K, &String)> {
        let known = self.0.iter().filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty());
        known.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
    }
}

impl FromIterator<(String, String)> for StoreVariables {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        Self(variables.into_iter().filter(|(name, _)| Self::has(name)).collect())
    }
}

/// Values are secrets.
impl fmt::Debug for StoreVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_variables_are_not_kept() {
        let names = [
            "AWS_REGION",
            "AZURE_STORAGE_ACCOUNT_NAME",
            "IDENTITY_ENDPOINT",
            "AWS",
            "HOME",
            "VOUCHERIFY_TOKEN",
        ];
        let variables: StoreVariables =
            names.map(|name| (name.to_owned(), "secret".to_owned())).into_iter().collect();
        assert_eq!(
            format!("{variables:?}"),
            r#"{"AWS_REGION", "AZURE_STORAGE_ACCOUNT_NAME", "IDENTITY_ENDPOINT"}"#
        );
    }
    #[cfg(feature = "object-store")]
    #[test]
    fn a_variable_that_is_empty_counts_as_not_set() {
        let variables = [("AWS_REGION", "eu-central-1"), ("AWS_PROFILE", "")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables: StoreVariables = variables.into_iter().collect();
        let values = ["AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT"].map(|name| variables.get(name));
        assert_eq!(values, [Some("eu-central-1"), None, None]);
    }
}

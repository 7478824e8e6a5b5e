//! The syntax of `--fault`, such as `503,at=3` or `close-after,method=POST,every=5`. Display and parsing are inverse.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::fault::{BodyKind, Fault, FaultKind, Trigger};
use crate::escape;

const KINDS: &str = "a status (`503` or `status=503`, with `body=json|html|empty`, `retry-after=SECONDS`, \
    `limit-type=NAME`, `applied`), `truncate`, `not-json`, `other-user`, `no-role`, `endless`, `trickle` (`pace=MILLISECONDS`), `hang` \
    (`applied`), `close-before`, `close-after`, `redirect`, `short-list` (`drop=N`), `empty-list`, `lag` (`calls=N`), \
    `second-invite-ok`, `hostile-names`";
const TRIGGERS: &str = "`method=`, `path=`, `email=`, `at=`, `every=`, `times=`, `probability=`, `seed=`";

/// Why a text is not a valid fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultSyntaxError(String);

impl fmt::Display for FaultSyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultSyntaxError {}

impl FromStr for Fault {
    type Err = FaultSyntaxError;

    fn from_str(text: &str) -> Result<Self, FaultSyntaxError> {
        let mut words = Words::split(text)?;
        let kind = words.kind()?;
        let trigger = Trigger {
            method: words.text("method")?.map(|method| method.to_ascii_uppercase()),
            path: words.text("path")?,
            email: words.text("email")?,
            at: words.number("at", 1)?,
            every: words.number("every", 1)?,
            times: words.number("times", 1)?,
            probability: words.probability()?,
            seed: words.number("seed", 0)?,
        };
        if trigger.seed.is_some() && trigger.probability.is_none() {
            return Err(FaultSyntaxError("`seed` requires `probability`".to_owned()));
        }
        words.all_read()?;
        Ok(Self { kind, trigger })
    }
}

/// The words of a fault that are not parsed yet.
struct Words<'a> {
    kind: &'a str,
    rest: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Words<'a> {
    fn split(text: &'a str) -> Result<Self, FaultSyntaxError> {
        let mut words = text.split(',').map(str::trim);
        let first = words.next().unwrap_or_default();
        let kind = first.strip_prefix("status=").unwrap_or(first);
        let mut rest: Vec<(&str, Option<&str>)> = Vec::new();
        for word in words {
            let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
            if rest.iter().any(|(other, _)| *other == key) {
                return Err(FaultSyntaxError(format!("`{}` is given twice", escape::line(key))));
            }
            rest.push((key, value));
        }
        Ok(Self { kind, rest })
    }

    fn kind(&mut self) -> Result<FaultKind, FaultSyntaxError> {
        Ok(match self.kind {
            "truncate" => FaultKind::Truncate,
            "not-json" => FaultKind::NotJson,
            "other-user" => FaultKind::OtherUser,
            "no-role" => FaultKind::NoRole,
            "endless" => FaultKind::Endless,
            "trickle" => {
                FaultKind::Trickle { pace: Duration::from_millis(self.number("pace", 1)?.unwrap_or(500)) }
            }
            "hang" => FaultKind::Hang { applied: self.flag("applied")? },
            "close-before" => FaultKind::CloseBefore,
            "close-after" => FaultKind::CloseAfter,
            "redirect" => FaultKind::Redirect,
            "short-list" => {
                let drop = self.number("drop", 1)?.unwrap_or(1);
                FaultKind::ShortList { drop: usize::try_from(drop).unwrap_or(usize::MAX) }
            }
            "empty-list" => FaultKind::EmptyList,
            "lag" => FaultKind::Lag { calls: self.number("calls", 1)?.unwrap_or(1) },
            "second-invite-ok" => FaultKind::SecondInviteOk,
            "hostile-names" => FaultKind::HostileNames,
            other => match other.parse() {
                Ok(status @ (200..=299 | 400..=599)) => FaultKind::Status {
                    status,
                    body: self.body()?,
                    retry_after: self.number("retry-after", 0)?,
                    limit_type: self.text("limit-type")?,
                    applied: self.flag("applied")?,
                },
                Ok(_) => {
                    let ranges = "a status must be from 200 to 299 or from 400 to 599";
                    return Err(FaultSyntaxError(ranges.to_owned()));
                }
                Err(_) => {
                    let other = escape::line(other);
                    return Err(FaultSyntaxError(format!("unknown fault `{other}`; expected {KINDS}")));
                }
            },
        })
    }

    /// Removes the word with that key, and returns it with its value.
    fn take(&mut self, key: &str) -> Option<(&'a str, Option<&'a str>)> {
        let index = self.rest.iter().position(|(other, _)| *other == key)?;
        Some(self.rest.remove(index))
    }

    fn flag(&mut self, key: &str) -> Result<bool, FaultSyntaxError> {
        match self.take(key) {
            None => Ok(false),
            Some((_, None)) => Ok(true),
            Some((_, Some(_))) => Err(FaultSyntaxError(format!("`{key}` does not take a value"))),
        }
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, FaultSyntaxError> {
        match self.take(key) {
            None => Ok(None),
            Some((_, Some(value))) if !value.is_empty() && !value.contains(escape::must_escape) => {
                Ok(Some(value.to_owned()))
            }
            Some(_) => Err(FaultSyntaxError(format!("`{key}` requires a value: `{key}=…`"))),
        }
    }

    fn number(&mut self, key: &str, least: u64) -> Result<Option<u64>, FaultSyntaxError> {
        let Some(value) = self.text(key)? else { return Ok(None) };
        match value.parse() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => Err(FaultSyntaxError(format!("`{key}` must be a whole number, at least {least}"))),
        }
    }

    fn probability(&mut self) -> Result<Option<f64>, FaultSyntaxError> {
        let Some(value) = self.text("probability")? else { return Ok(None) };
        match value.parse() {
            Ok(probability) if (0.0..=1.0).contains(&probability) => Ok(Some(probability)),
            _ => Err(FaultSyntaxError("`probability` must be a number from 0 to 1".to_owned())),
        }
    }

    fn body(&mut self) -> Result<BodyKind, FaultSyntaxError> {
        match self.text("body")?.as_deref() {
            None | Some("json") => Ok(BodyKind::Json),
            Some("html") => Ok(BodyKind::Html),
            Some("empty") => Ok(BodyKind::Empty),
            Some(_) => Err(FaultSyntaxError("`body` must be `json`, `html` or `empty`".to_owned())),
        }
    }

    fn all_read(&self) -> Result<(), FaultSyntaxError> {
        let Some((key, _)) = self.rest.first() else { return Ok(()) };
        let (key, kind) = (escape::line(key), escape::line(self.kind));
        Err(FaultSyntaxError(format!(
            "unknown key `{key}` for `{kind}`; expected one of {TRIGGERS}, or those of the fault: {KINDS}"
        )))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, trigger } = self;
        write!(f, "{kind}")?;
        let Trigger { method, path, email, at, every, times, probability, seed } = trigger;
        write_word(f, "method", method.as_ref())?;
        write_word(f, "path", path.as_ref())?;
        write_word(f, "email", email.as_ref())?;
        write_word(f, "at", at.as_ref())?;
        write_word(f, "every", every.as_ref())?;
        write_word(f, "times", times.as_ref())?;
        write_word(f, "probability", probability.as_ref())?;
        write_word(f, "seed", seed.as_ref())
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, body, retry_after, limit_type, applied } => {
                write!(f, "status={status}")?;
                match body {
                    BodyKind::Json => {}
                    BodyKind::Html => f.write_str(",body=html")?,
                    BodyKind::Empty => f.write_str(",body=empty")?,
                }
                write_word(f, "retry-after", retry_after.as_ref())?;
                write_word(f, "limit-type", limit_type.as_ref())?;
                if *applied { f.write_str(",applied") } else { Ok(()) }
            }
            Self::Truncate => f.write_str("truncate"),
            Self::NotJson => f.write_str("not-json"),
            Self::OtherUser => f.write_str("other-user"),
            Self::NoRole => f.write_str("no-role"),
            Self::Endless => f.write_str("endless"),
            Self::Trickle { pace } => write!(f, "trickle,pace={}", pace.as_millis()),
            Self::Hang { applied: false } => f.write_str("hang"),
            Self::Hang { applied: true } => f.write_str("hang,applied"),
            Self::CloseBefore => f.write_str("close-before"),
            Self::CloseAfter => f.write_str("close-after"),
            Self::Redirect => f.write_str("redirect"),
            Self::ShortList { drop } => write!(f, "short-list,drop={drop}"),
            Self::EmptyList => f.write_str("empty-list"),
            Self::Lag { calls } => write!(f, "lag,calls={calls}"),
            Self::SecondInviteOk => f.write_str("second-invite-ok"),
            Self::HostileNames => f.write_str("hostile-names"),
        }
    }
}

fn write_word(f: &mut fmt::Formatter<'_>, key: &str, value: Option<&impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, ",{key}={value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds() -> impl Strategy<Value = FaultKind> {
        let bodies = prop_oneof![Just(BodyKind::Json), Just(BodyKind::Html), Just(BodyKind::Empty)];
        let status = (
            prop_oneof![200..300_u16, 400..600_u16],
            bodies,
            any::<Option<u64>>(),
            prop::option::of("[a-z_]{1,9}"),
            any::<bool>(),
        );
        prop_oneof![
            status.prop_map(|(status, body, retry_after, limit_type, applied)| FaultKind::Status {
                status,
                body,
                retry_after,
                limit_type,
                applied
            }),
            Just(FaultKind::Truncate),
            Just(FaultKind::NotJson),
            Just(FaultKind::OtherUser),
            Just(FaultKind::NoRole),
            Just(FaultKind::Endless),
            (1..9999_u64).prop_map(|pace| FaultKind::Trickle { pace: Duration::from_millis(pace) }),
            any::<bool>().prop_map(|applied| FaultKind::Hang { applied }),
            Just(FaultKind::CloseBefore),
            Just(FaultKind::CloseAfter),
            Just(FaultKind::Redirect),
            (1..999_usize).prop_map(|drop| FaultKind::ShortList { drop }),
            Just(FaultKind::EmptyList),
            (1..999_u64).prop_map(|calls| FaultKind::Lag { calls }),
            Just(FaultKind::SecondInviteOk),
            Just(FaultKind::HostileNames),
        ]
    }

    prop_compose! {
        fn faults()(
            kind in kinds(),
            method in prop::option::of("GET|POST|PUT|DELETE"),
            path in prop::option::of("[a-zA-Z0-9/_=]{1,20}"),
            email in prop::option::of("[a-z+.]{1,9}@example\\.com"),
            at in prop::option::of(1..u64::MAX),
            every in prop::option::of(1..u64::MAX),
            times in prop::option::of(1..u64::MAX),
            drawn in prop::option::of((0.0..=1.0_f64, any::<Option<u64>>())),
        ) -> Fault {
            let (probability, seed) = drawn.map_or((None, None), |(p, seed)| (Some(p), seed));
            Fault { kind, trigger: Trigger { method, path, email, at, every, times, probability, seed } }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(fault in faults()) {
            prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Fault>();
        }
    }

    #[test]
    fn an_invalid_fault_is_explained() {
        let refusal = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        assert_eq!(refusal("explode"), format!("unknown fault `explode`; expected {KINDS}"));
        assert_eq!(refusal("302"), "a status must be from 200 to 299 or from 400 to 599");
        assert_eq!(
            refusal("truncate,aT=3"),
            format!(
                "unknown key `aT` for `truncate`; expected one of {TRIGGERS}, or those of the fault: {KINDS}"
            )
        );
        assert_eq!(refusal("hang,at=0"), "`at` must be a whole number, at least 1");
        assert_eq!(refusal("hang,at"), "`at` requires a value: `at=…`");
        assert_eq!(refusal("hang,at=1,at=2"), "`at` is given twice");
        assert_eq!(refusal("hang,applied=yes"), "`applied` does not take a value");
        assert_eq!(refusal("429,probability=1.5"), "`probability` must be a number from 0 to 1");
        assert_eq!(refusal("429,seed=1"), "`seed` requires `probability`");
        assert_eq!(refusal("429,body=xml"), "`body` must be `json`, `html` or `empty`");
    }
}

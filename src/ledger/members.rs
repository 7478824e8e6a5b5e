//! How the members of a snapshot are stored: a row for each, and the access that many share only once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::known::Member;
use crate::model::{Access, Email, UserId};

#[derive(Serialize, Deserialize)]
struct StoredMembers<'a> {
    access: Vec<Access>,
    #[serde(borrow)]
    users: Vec<StoredMember<'a>>,
}

/// A member, with the index of the access.
#[derive(Serialize, Deserialize)]
struct StoredMember<'a> {
    id: UserId,
    login: Email,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<Email>,
    #[serde(borrow)]
    first_name: Cow<'a, str>,
    #[serde(borrow)]
    last_name: Cow<'a, str>,
    access: usize,
    elsewhere: bool,
    is_owner: bool,
}

pub(super) fn serialize<S: Serializer>(
    members: &BTreeMap<Email, Member>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let (mut access, mut index) = (Vec::new(), BTreeMap::new());
    let users = members.values().map(|member| StoredMember {
        id: member.id.clone(),
        login: member.login.clone(),
        email: member.email.clone(),
        first_name: member.first_name.as_str().into(),
        last_name: member.last_name.as_str().into(),
        access: *index.entry(&member.access).or_insert_with(|| {
            access.push(member.access.clone());
            access.len() - 1
        }),
        elsewhere: member.elsewhere,
        is_owner: member.is_owner,
    });
    let users = users.collect();
    StoredMembers { access, users }.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<Email, Member>, D::Error> {
    let StoredMembers { access: all, users } = StoredMembers::deserialize(deserializer)?;
    let member = |row: StoredMember<'_>| {
        let StoredMember { id, login, email, first_name, last_name, access, elsewhere, is_owner } = row;
        let missing = || de::Error::custom(format_args!("there is no access number {access}"));
        let access = all.get(access).cloned().ok_or_else(missing)?;
        let (first_name, last_name) = (first_name.into_owned(), last_name.into_owned());
        Ok((login.clone(), Member { id, login, email, first_name, last_name, access, elsewhere, is_owner }))
    };
    users.into_iter().map(member).collect()
}

//! The access review for programs: projects and roles as the API names them.

use serde_json::{Value, json};

use super::{Review, ReviewedPerson};
use crate::escape;
use crate::model::UserId;

/// The access review as one JSON object.
#[must_use]
pub fn review_json(review: &Review) -> String {
    let people: Vec<_> = review.people.iter().map(|row| person(review, row)).collect();
    let value = json!({
        "format_version": 1,
        "endpoint": review.endpoint.to_string(),
        "date": review.date.to_string(),
        "evidence": { "source": review.source, "read_at": format!("{:.3}", review.read_at) },
        "plan_id": review.plan_id.as_str(),
        "refused": review.refused,
        "people": people,
    });
    format!("{}\n", escape::json(value.to_string()))
}

fn person(review: &Review, row: &ReviewedPerson) -> Value {
    let access = review.projects.iter().filter_map(|(_, id)| {
        let membership = row.memberships.get(id)?;
        Some(json!({
            "project": id.as_str(),
            "state": membership.state.id(),
            "role": membership.has.as_ref().map(ToString::to_string),
            "desired_role": membership.desired.as_ref().map(ToString::to_string),
            "source": membership.source,
            "location": membership.location,
        }))
    });
    json!({
        "email": row.email.as_str(),
        "name": row.name,
        "status": row.status.id(),
        "in_team_file": row.is_listed,
        "from": row.from.map(|day| day.to_string()),
        "until": row.until.map(|day| day.to_string()),
        "user_id": row.user_id.map(UserId::as_str).filter(|id| !id.is_empty()),
        "access": access.collect::<Vec<_>>(),
    })
}

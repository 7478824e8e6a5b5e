//! Projects and users as the service returns them, with every field that its description requires.

use serde_json::{Value, json};

use super::organization::{Account, Project};

pub(super) fn user_body(person: &Account) -> Value {
    let Account { id, login, email, first_name, last_name, projects, is_owner, status: _ } = person;
    json!({
        "id": id, "login": login, "email": email, "first_name": first_name, "last_name": last_name,
        "projects": projects, "is_owner": is_owner,
    })
}

/// The settings that guestlist does not read have arbitrary values.
pub(super) fn project_body(project: &Project) -> Value {
    let Project { id, name, is_sandbox, cluster_id, limit } = project;
    let usage = json!({"enabled": false, "value": 80, "in_app": false, "emails": []});
    let callout = json!({"email": false, "in_app": false, "emails": []});
    let mut body = json!({
        "id": id,
        "name": name,
        "description": "",
        "cluster_id": cluster_id,
        "is_sandbox": is_sandbox,
        "currency": "EUR",
        "timezone": "UTC",
        "api_version": "v2018-08-01",
        "case_sensitive_codes": true,
        "client_trusted_domains": [],
        "client_redeem_enabled": false,
        "client_publish_enabled": false,
        "client_list_vouchers_enabled": false,
        "client_create_customer_enabled": false,
        "client_loyalty_events_enabled": false,
        "client_set_voucher_expiration_date_enabled": false,
        "api_usage_notifications": {
            "redemptions": usage, "messages": usage, "api_calls": usage,
            "bulk_api_calls": usage, "webhook_calls": usage, "cycle_calls": usage,
        },
        "webhooks_callout_notifications": {"distributions": callout, "webhooks": callout},
        "webhook_version": "v2024-01-01",
        "webhook_token": format!("webhook-token-of-{id}"),
    });
    if let Some(limit) = limit {
        body["limits"] = json!({"api_calls": [limit]});
    }
    body
}

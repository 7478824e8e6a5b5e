//! Each endpoint: what it does, and each way in which it refuses.

use super::*;

const NOTHING: Value = Value::Null;

#[tokio::test]
async fn projects_are_listed_and_shown() {
    let client = Client::example().await;
    let (storefront, loyalty) = (project(STOREFRONT, "Storefront"), project(LOYALTY, "Loyalty"));
    let list = json!({"object": "list", "data_ref": "data", "data": [storefront, loyalty], "total": 2});
    assert_eq!(client.get("projects").await, (200, list));
    assert_eq!(client.get(&format!("projects/{LOYALTY}")).await, (200, loyalty));
    let body = json!({
        "code": 404, "message": "Resource not found", "details": "Cannot find project with id proj_x",
    });
    assert_eq!(client.get("projects/proj_x").await, (404, body));
}

/// A project with every field that the description of the API requires.
fn project(id: &str, name: &str) -> Value {
    let usage = json!({"enabled": false, "value": 80, "in_app": false, "emails": []});
    let callout = json!({"email": false, "in_app": false, "emails": []});
    json!({
        "id": id, "name": name, "description": "", "cluster_id": "sandbox", "is_sandbox": false,
        "currency": "EUR", "timezone": "UTC", "api_version": "v2018-08-01", "case_sensitive_codes": true,
        "client_trusted_domains": [], "client_redeem_enabled": false, "client_publish_enabled": false,
        "client_list_vouchers_enabled": false, "client_create_customer_enabled": false,
        "client_loyalty_events_enabled": false, "client_set_voucher_expiration_date_enabled": false,
        "api_usage_notifications": {
            "redemptions": usage, "messages": usage, "api_calls": usage, "bulk_api_calls": usage,
            "webhook_calls": usage, "cycle_calls": usage,
        },
        "webhooks_callout_notifications": {"distributions": callout, "webhooks": callout},
        "webhook_version": "v2024-01-01", "webhook_token": format!("webhook-token-of-{id}"),
    })
}

#[tokio::test]
async fn a_user_is_found_by_login_as_by_id() {
    let client = Client::example().await;
    let id = client.add_member("Alex@example.com", &[(LOYALTY, "VIEWER"), (STOREFRONT, "USER")]);
    let path = format!("projects/{LOYALTY}/users/alex%40EXAMPLE.com");
    let alex = |role: &str| user(&id, "Alex@example.com", &json!({LOYALTY: role, STOREFRONT: "USER"}));
    assert_eq!(client.get(&path).await, (200, alex("VIEWER")));
    assert_eq!(client.call("PUT", &path, json!({"role": "USER"})).await, (200, alex("USER")));
    assert_eq!(client.call("DELETE", &path, NOTHING).await, (204, NOTHING));
    let details = format!("Cannot find user 'alex@EXAMPLE.com' assigned to the project '{LOYALTY}'");
    assert_eq!(client.get(&path).await, not_found(&details, "alex@EXAMPLE.com", "user"));
    client.invite("robin@example.com", json!({LOYALTY: "USER"})).await;
    let path = format!("projects/{LOYALTY}/users/robin@example.com");
    assert_eq!(client.call("PUT", &path, json!({"role": "ADMIN"})).await, no_user("robin@example.com"));
}

#[tokio::test]
async fn a_user_is_shown_in_a_list_and_alone() {
    let client = Client::example().await;
    let id = client.id_of(DEFAULT_OWNER);
    assert!(id.starts_with("user_") && id.len() == 37, "{id}");
    let owner = json!({
        "id": id, "login": DEFAULT_OWNER, "email": DEFAULT_OWNER, "first_name": "Olivia",
        "last_name": "Owner", "projects": {STOREFRONT: "ADMIN", LOYALTY: "ADMIN"}, "is_owner": true,
    });
    let users = format!("projects/{LOYALTY}/users");
    let list = json!({"object": "list", "data_ref": "data", "data": [owner], "total": 1});
    assert_eq!(client.get(&users).await, (200, list));
    assert_eq!(client.get(&format!("{users}/{id}")).await, (200, owner));
    assert_eq!(client.get("projects/proj_x/users").await, no_project("proj_x"));
    assert_eq!(client.get(&format!("projects/proj_x/users/{id}")).await, no_project("proj_x"));
    let details = format!("Cannot find user 'user_x' assigned to the project '{LOYALTY}'");
    assert_eq!(client.get(&format!("{users}/user_x")).await, not_found(&details, "user_x", "user"));
    let elsewhere = client.add_member("alex@example.com", &[(STOREFRONT, "USER")]);
    let details = format!("Cannot find user '{elsewhere}' assigned to the project '{LOYALTY}'");
    assert_eq!(client.get(&format!("{users}/{elsewhere}")).await, not_found(&details, &elsewhere, "user"));
}

#[tokio::test]
async fn an_invitation_is_out_until_it_is_accepted() {
    let client = Client::example().await;
    let access = json!({STOREFRONT: "USER", LOYALTY: CUSTOM});
    assert_eq!(client.invite("Alex.Doe@example.com", access.clone()).await, (204, NOTHING));
    let id = client.id_of("alex.doe@EXAMPLE.com");
    let list = format!("projects/{STOREFRONT}/users");
    assert_eq!(client.get(&list).await.1["total"], 1);
    assert_eq!(client.get(&format!("{list}/{id}")).await.0, 404);
    assert_eq!(
        client.invite("alex.doe@example.com", access.clone()).await,
        duplicate("alex.doe@example.com")
    );
    let email = r#"{"email": "ALEX.DOE@example.com"}"#;
    assert_eq!(client.outside("POST", "accept", email).await, (204, NOTHING));
    assert_eq!(client.get(&format!("{list}/{id}")).await, (200, user(&id, "Alex.Doe@example.com", &access)));
    assert_eq!(client.outside("POST", "accept", email).await.0, 404);
    assert_eq!(client.invite("alex.doe@example.com", access).await, duplicate("alex.doe@example.com"));
}

#[tokio::test]
async fn an_invitation_with_a_mistake_is_refused() {
    let client = Client::example().await;
    let good = json!({STOREFRONT: "USER"});
    let path = "projects/users/invite";
    for name in ["email", "first_name", "last_name", "projects"] {
        let mut body = invitation("alex@example.com", &good);
        body[name] = json!(7);
        let kind = if name == "projects" { "object" } else { "string" };
        let details = format!("Property '{name}' must be {kind}");
        assert_eq!(client.call("POST", path, body.clone()).await, invalid(&details));
        body[name] = json!(null);
        assert_eq!(client.call("POST", path, body.clone()).await, invalid(&details));
        body[name] = if name == "projects" { json!({}) } else { json!(" ") };
        let details = format!("Property '{name}' must not be empty");
        assert_eq!(client.call("POST", path, body.clone()).await, invalid(&details));
        body.as_object_mut().unwrap().remove(name);
        let details = format!("Payload must have required property '{name}'");
        assert_eq!(client.call("POST", path, body).await, invalid(&details));
    }
    let role = refused("used_incorrect_role", "Used incorrect role", "The role 'VICE_ADMIN' is incorrect");
    for (projects, answer) in [
        (json!({STOREFRONT: "VICE_ADMIN"}), role.clone()),
        (json!({STOREFRONT: "USER", "proj_x": "VICE_ADMIN"}), role),
        (json!({STOREFRONT: "USER", "proj_x": "USER"}), no_project("proj_x")),
        (json!({STOREFRONT: ["USER"]}), invalid("Property 'projects.proj_9KeAhZB1' must be string")),
    ] {
        assert_eq!(client.invite("alex@example.com", projects).await, answer);
    }
    let bad_address = invalid("Property 'email' must be a valid email address");
    assert_eq!(client.invite("alex at example.com", good.clone()).await, bad_address);
    let mut body = invitation("alex@example.com", &good);
    body["role"] = json!("USER");
    assert_eq!(client.call("POST", path, body).await, invalid("Payload must not have property 'role'"));
    assert_eq!(client.call("POST", path, json!([])).await, invalid("Payload must be object"));
    assert_eq!(client.call("POST", path, NOTHING).await, invalid("Payload must not be empty"));
    for (content_type, text) in [
        ("application/json", "{\"email\":"),
        ("text/plain", &*invitation("alex@example.com", &good).to_string()),
    ] {
        let request = client.request("POST", path).header("Content-Type", content_type).body(text.to_owned());
        let answer = received(request.send().await.unwrap()).await;
        assert_eq!(answer, invalid("Payload must be JSON, and said to be"));
    }
    assert!(client.handle.with_organization(|organization| organization.invited().count()) == 0);
    assert!(client.handle.log().iter().all(|logged| !logged.applied && logged.status.is_some()));
}

#[tokio::test]
async fn users_are_assigned_by_id_or_by_login() {
    let client = Client::example().await;
    let id = client.add_member("Alex@example.com", &[(LOYALTY, "VIEWER")]);
    let path = format!("projects/{STOREFRONT}/users");
    let both = json!({STOREFRONT: "USER", LOYALTY: "VIEWER"});
    let by_login = json!({"login": "alex@EXAMPLE.com", "role": "USER"});
    assert_eq!(
        client.call("POST", &path, by_login.clone()).await,
        (200, user(&id, "Alex@example.com", &both))
    );
    let again = refused(
        "user_already_assigned",
        "User is already assigned",
        "User is already assigned to the project",
    );
    assert_eq!(client.call("POST", &path, by_login).await, again);
    let other = client.add_member("robin@example.com", &[(LOYALTY, "VIEWER")]);
    let (status, body) = client.call("POST", &path, json!({"id": other, "role": CUSTOM})).await;
    assert_eq!((status, &body["projects"]), (200, &json!({STOREFRONT: CUSTOM, LOYALTY: "VIEWER"})));
}

#[tokio::test]
async fn an_assignment_with_a_mistake_is_refused() {
    let client = Client::example().await;
    let id = client.add_member("alex@example.com", &[(LOYALTY, "VIEWER")]);
    client.invite("robin@example.com", json!({LOYALTY: "USER"})).await;
    let path = format!("projects/{STOREFRONT}/users");
    let no_login = |login: &str| not_found(&format!("Cannot find user with login {login}"), login, "user");
    for (body, answer) in [
        (json!({"role": "USER"}), invalid("Payload must have one of the properties 'id' and 'login'")),
        (
            json!({"id": id, "login": "alex@example.com", "role": "USER"}),
            invalid("Payload must not have both properties 'id' and 'login'"),
        ),
        (json!({"id": id}), invalid("Payload must have required property 'role'")),
        (json!({"id": 5, "role": "USER"}), invalid("Property 'id' must be string")),
        (json!({"id": id, "role": "user"}), invalid("The role 'user' is incorrect")),
        (json!({"id": id, "role": "USER", "x": 1}), invalid("Payload must not have property 'x'")),
        (json!({"id": "user_x", "role": "USER"}), no_user("user_x")),
        (json!({"login": "nobody@example.com", "role": "USER"}), no_login("nobody@example.com")),
        (json!({"login": "robin@example.com", "role": "USER"}), no_login("robin@example.com")),
        (NOTHING, invalid("Payload must not be empty")),
    ] {
        assert_eq!(client.call("POST", &path, body).await, answer);
    }
    let unknown = json!({"id": id, "role": "USER"});
    assert_eq!(client.call("POST", "projects/proj_x/users", unknown).await, no_project("proj_x"));
}

#[tokio::test]
async fn somebody_from_elsewhere_is_not_invited_but_assigned() {
    let client = Client::example().await;
    let elsewhere = r#"{"email": "Elsa@example.org", "first_name": "Alex", "last_name": "Doe"}"#;
    assert_eq!(client.outside("POST", "elsewhere", elsewhere).await, (204, NOTHING));
    assert_eq!(client.outside("POST", "elsewhere", elsewhere).await.0, 409);
    let access = json!({STOREFRONT: "USER"});
    assert_eq!(client.invite("elsa@example.org", access.clone()).await, duplicate("elsa@example.org"));
    let assignment = json!({"login": "elsa@example.org", "role": "USER"});
    let path = format!("projects/{STOREFRONT}/users");
    let id = client.id_of("elsa@example.org");
    let answer = (200, user(&id, "Elsa@example.org", &access));
    assert_eq!(client.call("POST", &path, assignment).await, answer);
    assert_eq!(client.get(&format!("{path}/{id}")).await, answer);
}

#[tokio::test]
async fn a_role_is_changed_where_there_is_one() {
    let client = Client::example().await;
    let id = client.add_member("alex@example.com", &[(LOYALTY, "VIEWER")]);
    let path = format!("projects/{LOYALTY}/users/{id}");
    let answer = client.call("PUT", &path, json!({"role": "MERCHANT"})).await;
    assert_eq!(answer, (200, user(&id, "alex@example.com", &json!({LOYALTY: "MERCHANT"}))));
    let owner = client.id_of(DEFAULT_OWNER);
    let untouchable = refused(
        "user_is_owner",
        "User cannot be changed",
        "The roles of an owner cannot be changed or removed",
    );
    for (path, body, answer) in [
        (path.clone(), json!({"role": "CHIEF"}), invalid("The role 'CHIEF' is incorrect")),
        (path.clone(), json!({"role": 1}), invalid("Property 'role' must be string")),
        (path.clone(), json!({}), invalid("Payload must have required property 'role'")),
        (path, NOTHING, invalid("Payload must not be empty")),
        (format!("projects/{STOREFRONT}/users/{id}"), json!({"role": "USER"}), no_user(&id)),
        (format!("projects/{STOREFRONT}/users/user_x"), json!({"role": "USER"}), no_user("user_x")),
        (format!("projects/proj_x/users/{id}"), json!({"role": "USER"}), no_project("proj_x")),
        (format!("projects/{LOYALTY}/users/{owner}"), json!({"role": "USER"}), untouchable),
    ] {
        assert_eq!(client.call("PUT", &path, body).await, answer);
    }
}

#[tokio::test]
async fn a_user_is_unassigned_from_all_projects_but_one() {
    let client = Client::example().await;
    let id = client.add_member("alex@example.com", &[(LOYALTY, "VIEWER"), (STOREFRONT, "USER")]);
    let path = |project: &str, user: &str| format!("projects/{project}/users/{user}");
    let owner = client.id_of(DEFAULT_OWNER);
    let delete = async |path: String| client.call("DELETE", &path, NOTHING).await;
    assert_eq!(delete(path(LOYALTY, &id)).await, (204, NOTHING));
    let gone = refused("user_not_assigned", "User is not assigned", "User is not assigned to the project");
    assert_eq!(delete(path(LOYALTY, &id)).await, gone);
    let only = refused(
        "user_only_project",
        "User cannot be unassigned",
        "User is assigned to this project only and cannot be unassigned from it",
    );
    assert_eq!(delete(path(STOREFRONT, &id)).await, only);
    assert_eq!(delete(path(LOYALTY, "user_x")).await, no_user("user_x"));
    assert_eq!(delete(path("proj_x", &id)).await, no_project("proj_x"));
    let untouchable = refused(
        "user_is_owner",
        "User cannot be changed",
        "The roles of an owner cannot be changed or removed",
    );
    assert_eq!(delete(path(LOYALTY, &owner)).await, untouchable);
    let writes: Vec<_> = client.handle.log().iter().map(|logged| (logged.writes(), logged.applied)).collect();
    assert_eq!(
        writes,
        [(true, true), (true, false), (true, false), (true, false), (true, false), (true, false)]
    );
}

#[tokio::test]
async fn the_silent_places_can_be_filled_otherwise() {
    let client = Client::example().await;
    let path = format!("projects/{STOREFRONT}/users");
    client.invite("alex@example.com", json!({STOREFRONT: "USER"})).await;
    let id = client.id_of("alex@example.com");

    let second_invitation = SecondInvitation::SentAgain;
    client.handle.set_behaviour(Behaviour { second_invitation, ..Behaviour::default() });
    let again = json!({STOREFRONT: "VIEWER", LOYALTY: "USER"});
    assert_eq!(client.invite("alex@example.com", again.clone()).await, (204, NOTHING));
    let status = client.handle.with_organization(|known| known.person("alex@example.com").unwrap().status);
    assert_eq!(status, UserStatus::Invited(2));

    client.handle.set_behaviour(Behaviour { pending_shows: true, ..Behaviour::default() });
    let answer = client.get(&format!("{path}/{id}")).await;
    assert_eq!(answer, (200, user(&id, "alex@example.com", &again)));
    assert_eq!(client.get(&path).await.1["total"], 2);

    let assign_pending = AssignPending::NotActive;
    client.handle.set_behaviour(Behaviour { assign_pending, ..Behaviour::default() });
    let body = json!({"login": "alex@example.com", "role": "ADMIN"});
    let inactive =
        refused("user_not_active", "User is not active", "User has not accepted the invitation yet");
    assert_eq!(client.call("POST", &path, body.clone()).await, inactive);

    client.outside("POST", "accept", r#"{"email": "alex@example.com"}"#).await;
    for (assign_again, role) in [(AssignAgain::KeepsRole, "VIEWER"), (AssignAgain::TakesRole, "ADMIN")] {
        client.handle.set_behaviour(Behaviour { assign_again, ..Behaviour::default() });
        let answer = client.call("POST", &path, body.clone()).await;
        assert_eq!(answer, (200, user(&id, "alex@example.com", &json!({STOREFRONT: role, LOYALTY: "USER"}))));
    }

    client.handle.set_behaviour(Behaviour { paging: Paging::Ignored, ..Behaviour::default() });
    let list = client.get(&format!("{path}?limit=1&page=9")).await.1;
    assert_eq!((list["total"].as_u64(), list["data"].as_array().map(Vec::len)), (Some(2), Some(2)));
}

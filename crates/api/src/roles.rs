//! The matrix of roles and permissions, as people read it.

use axum::Json;
use serde::Serialize;
use socialai_domain::permissions::{Permission, Role};
use utoipa::ToSchema;

use crate::{
    caller::{Caller, can},
    problem::Answer,
};

#[derive(Serialize, ToSchema)]
pub struct RoleInfo {
    pub role: Role,
    pub description: &'static str,
    pub permissions: Vec<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub struct PermissionInfo {
    pub name: &'static str,
    pub description: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct RoleMatrix {
    pub roles: Vec<RoleInfo>,
    pub permissions: Vec<PermissionInfo>,
}

/// Roles and what each may do
#[utoipa::path(get, path = "/roles", tag = "Workspace", security(("token" = [])),
    responses((status = 200, description = "The whole matrix.", body = RoleMatrix)))]
pub async fn list(_: Caller<can::SignIn>) -> Answer<Json<RoleMatrix>> {
    let roles = Role::ALL.into_iter().map(|role| RoleInfo {
        role,
        description: role.describe(),
        permissions: role.permissions().map(Permission::name).collect(),
    });
    let permissions = Permission::ALL
        .iter()
        .map(|permission| PermissionInfo { name: permission.name(), description: permission.describe() });
    Ok(Json(RoleMatrix { roles: roles.collect(), permissions: permissions.collect() }))
}

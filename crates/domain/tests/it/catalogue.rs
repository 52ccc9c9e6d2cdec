//! Rules that hold for every table, read from the catalogue, so that a new table cannot forget them.

use socialai_domain::rotation::{SYSTEM_COLUMNS, TENANT_COLUMNS};
use socialai_testkit::lab::Lab;

/// Tables without row-level security, each with its reason. Keep it short.
const OPEN_TABLES: &[&str] = &[
    // Bookkeeping of migrations: version numbers, written by the owner, readable for `/ready`.
    "system._sqlx_migrations",
    "shared._sqlx_migrations",
];

#[tokio::test]
async fn every_table_has_a_forced_policy_or_stands_on_the_list() {
    let lab = Lab::shared().await;
    let mut owner = lab.owner().await;
    let tables: Vec<(String, bool, bool, i64)> = sqlx::query_as(
        "select n.nspname || '.' || c.relname, c.relrowsecurity, c.relforcerowsecurity,
            (select count(*) from pg_policy p where p.polrelid = c.oid)
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and n.nspname in ('system', 'shared') order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(tables.len() > 20, "the catalogue query sees the tables");
    for (table, enabled, forced, policies) in tables {
        let listed = OPEN_TABLES.contains(&table.as_str());
        assert!(
            listed || (enabled && forced && policies > 0),
            "{table} has no forced policy: add one in its migration"
        );
    }
}

#[tokio::test]
async fn every_tenant_table_carries_the_tenant_in_its_primary_key_and_says_what_it_is_for() {
    let lab = Lab::shared().await;
    let mut owner = lab.owner().await;
    let wrong: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         left join pg_index i on i.indrelid = c.oid and i.indisprimary
         left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
         where c.relkind in ('r', 'p') and n.nspname = 'shared' and c.relname <> '_sqlx_migrations'
            and (a.attname is distinct from 'tenant_id' or obj_description(c.oid, 'pg_class') is null)",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn application_role_owns_nothing_and_cannot_bypass_the_wall() {
    let lab = Lab::shared().await;
    let mut app = lab.app().await;
    let (owns, bypass): (i64, bool) = sqlx::query_as(
        "select (select count(*) from pg_class where relowner = r.oid) + (select count(*) from pg_namespace where nspowner = r.oid),
            rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles r where rolname = current_user",
    )
    .fetch_one(&mut app)
    .await
    .unwrap();
    assert_eq!((owns, bypass), (0, false));
}

#[tokio::test]
async fn every_sealed_column_takes_part_in_key_rotation() {
    let lab = Lab::shared().await;
    let mut owner = lab.owner().await;
    let sealed: Vec<(String, String, String)> = sqlx::query_as(
        "select n.nspname::text, c.relname::text, a.attname::text
         from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and n.nspname in ('system', 'shared') and a.attname like '%\\_sealed'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(sealed.len(), SYSTEM_COLUMNS.len() + TENANT_COLUMNS.len());
    for (schema, table, name) in sealed {
        let known = if schema == "system" { SYSTEM_COLUMNS } else { TENANT_COLUMNS };
        assert!(known.iter().any(|column| column.table == table && column.name == name), "{table}.{name}");
    }
}

#[tokio::test]
async fn bare_connection_without_a_tenant_sees_no_row_of_any_table() {
    let lab = Lab::shared().await;
    lab.tenant().await;
    let mut app = lab.app().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and n.nspname in ('system', 'shared') and c.relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut app)
    .await
    .unwrap();
    for table in tables {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut app)
            .await
            .unwrap();
        assert_eq!(count, 0, "{table} shows rows without a tenant");
    }
}

/// PostgreSQL charges so much for what is forbidden that with its default settings it would compile each such statement.
#[tokio::test]
async fn functions_that_forbid_a_way_to_read_are_never_compiled() {
    let lab = Lab::shared().await;
    let mut owner = lab.owner().await;
    let forbidding: Vec<(String, bool)> = sqlx::query_as(
        "select p.oid::regprocedure::text, 'jit=off' = any (p.proconfig) from pg_proc p
         where exists (select from unnest(p.proconfig) c where c like 'enable%=off')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(forbidding.len() > 5, "the catalogue query sees the functions");
    let compiled: Vec<_> = forbidding.into_iter().filter(|(_, is_off)| !is_off).collect();
    assert_eq!(compiled, []);
}

//! Who may do what to a ledger on a server: a role owns the tables and changes them as versions of `mmsg` need, and another one works.

use super::address::server::Server;
use super::tables::TABLES;

/// The two roles.
#[derive(Clone, Copy, Debug)]
pub struct Roles<'r> {
    pub runner: &'r str,
    pub owner: &'r str,
}

/// The statements, for `psql`. They may be run again.
pub fn grants(server: &Server, roles: Roles<'_>) -> String {
    let (runner, owner) = (name(roles.runner), name(roles.owner));
    let (schema, database) = (name(server.schema.as_deref().unwrap_or("public")), name(&server.database));
    let make = |role: &str| {
        let text = text(role);
        format!("select format('create role %I login', {text}) where to_regrole(quote_ident({text})) is null \\gexec")
    };
    let (make_runner, make_owner) = (make(roles.runner), make(roles.owner));
    let tables: Vec<String> =
        std::iter::once("ledger").chain(TABLES.iter().map(|table| table.name)).map(text).collect();
    let tables = tables.join(", ");
    let in_schema = format!("relnamespace = to_regnamespace({})", text(&schema));
    format!(
        r"-- Roles for the ledger {server}
-- {owner} owns its tables, and changes them when a newer mmsg needs it. {runner} sends, receives and reports.
-- Run this with psql as a superuser, before the first mmsg or after any; again after an error. Passwords: \password ROLE
\set ON_ERROR_STOP on
{make_owner}
{make_runner}
begin;
create schema if not exists {schema};
grant connect, temporary on database {database} to {owner}, {runner};
grant usage, create on schema {schema} to {owner};
grant usage on schema {schema} to {runner};
-- What is there already belongs to {owner} from now on.
select format('alter table %s owner to %I', oid::regclass, {owner_text}) from pg_class
  where {in_schema} and (relname in ({tables}) or relname ~ '^events_(rest|\d{{4}}_\d{{2}})$') and relkind in ('r', 'p') \gexec
select format('alter function %s owner to %I', oid::regprocedure, {owner_text}) from pg_proc
  where pronamespace = to_regnamespace({schema_text}) and proname in ('make_months_of_events', 'drop_month_of_events') \gexec
select format('grant select, insert, update, delete on %s to %I', oid::regclass, {runner_text}) from pg_class
  where {in_schema} and relname in ({tables}) and relkind in ('r', 'p') \gexec
select format('grant execute on function %s to %I', oid::regprocedure, {runner_text}) from pg_proc
  where pronamespace = to_regnamespace({schema_text}) and proname in ('make_months_of_events', 'drop_month_of_events') \gexec
-- What {owner} makes later.
alter default privileges for role {owner} in schema {schema} grant select, insert, update, delete on tables to {runner};
alter default privileges for role {owner} in schema {schema} grant execute on functions to {runner};
commit;
",
        owner_text = text(roles.owner),
        runner_text = text(roles.runner),
        schema_text = text(&schema),
    )
}

/// An identifier as SQL has it.
fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::address::Address;

    #[test]
    fn names_are_quoted_and_the_schema_is_that_of_the_address() {
        let address = Address::of_server("postgres://me@/shop?schema=of_mmsg", &|_| None).unwrap().unwrap();
        let Address::Server(server) = address else { panic!() };
        let sql = grants(&server, Roles { runner: "o'hara\"s", owner: "owner" });
        for part in ["grant usage on schema \"of_mmsg\" to \"o'hara\"\"s\";", "'o''hara\"s'", "on database \"shop\" to"]
        {
            assert!(sql.contains(part), "{part}: {sql}");
        }
    }
}

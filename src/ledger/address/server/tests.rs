use super::*;

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Server, String> {
    Server::parse(text, &|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn an_address_says_where_and_the_environment_fills_in() {
    let server = parse("postgres://anna:s%40cret@db.example:6000/shop?schema=mmsg&connect_timeout=3", &[]).unwrap();
    assert_eq!(server.host, Host::Name("db.example".to_owned()));
    assert_eq!((server.port, server.user.as_str(), server.database.as_str()), (6000, "anna", "shop"));
    assert_eq!((server.schema.as_deref(), server.patience), (Some("mmsg"), Duration::from_secs(3)));
    assert_eq!(server.password().unwrap().expose(), "s@cret");
    let all = [
        ("PGHOST", "db2"),
        ("PGPORT", "7000"),
        ("PGUSER", "bert"),
        ("PGDATABASE", "mail"),
        ("PGPASSWORD", "word"),
        ("PGOPTIONS", "-c search_path=x"),
    ];
    let server = parse("postgresql://", &all).unwrap();
    assert_eq!(server.host, Host::Name("db2".to_owned()));
    assert_eq!((server.port, server.user.as_str(), server.database.as_str()), (7000, "bert", "mail"));
    assert_eq!((server.password().unwrap().expose(), server.options.as_deref()), ("word", Some("-c search_path=x")));
    // The address comes first.
    let server = parse("postgres://carl@[::1]:1/one", &all).unwrap();
    assert_eq!((server.host, server.port), (Host::Name("::1".to_owned()), 1));
    assert_eq!((server.user.as_str(), server.database.as_str()), ("carl", "one"));
    // libpq's defaults.
    let server = parse("postgres:///", &[("USER", "dora")]).unwrap();
    assert_eq!((server.host, server.port), (Host::Socket(SOCKETS.into()), 5432));
    assert_eq!((server.user.as_str(), server.database.as_str()), ("dora", "dora"));
    for socket in ["postgres://%2Ftmp%2Fx/shop", "postgres:///shop?host=/tmp/x"] {
        let server = parse(socket, &[("USER", "dora")]).unwrap();
        assert_eq!((server.host, server.database.as_str()), (Host::Socket("/tmp/x".into()), "shop"));
    }
}

#[test]
fn a_server_elsewhere_proves_its_name_unless_the_address_says_otherwise() {
    for (address, mode, proof) in [
        ("postgres://a@db.example/x", None, Proof::Name),
        ("postgres://a@db.example/x", Some("prefer"), Proof::IfItCan),
        ("postgres://a@db.example/x?sslmode=disable", Some("verify-full"), Proof::Plain),
        ("postgres://a@db.example/x?sslmode=require", None, Proof::Encrypted),
        ("postgres://a@db.example/x?sslmode=require&sslrootcert=/a", None, Proof::Chain),
        ("postgres://a@db.example/x?sslmode=verify-ca", None, Proof::Chain),
        ("postgres://a@localhost/x", None, Proof::IfItCan),
        ("postgres://a@LocalHost/x", None, Proof::IfItCan),
        ("postgres://a@127.0.0.1/x", None, Proof::IfItCan),
        ("postgres://a@[::1]/x", None, Proof::IfItCan),
        ("postgres://a@[::1]/x?sslmode=verify-full", None, Proof::Name),
        ("postgres://a@localhost.example/x", None, Proof::Name),
        ("postgres://a@/x", None, Proof::Plain),
    ] {
        let variables: Vec<_> = mode.map(|mode| ("PGSSLMODE", mode)).into_iter().collect();
        assert_eq!(parse(address, &variables).unwrap().proof, proof, "{address} {mode:?}");
    }
}

#[test]
fn no_password_is_shown_and_what_is_shown_is_the_same_address() {
    for (address, shown) in [
        ("postgres://anna:hush-hush@db/shop", "postgres://anna@db/shop"),
        ("postgres://anna@db/shop?password=hush-hush&schema=a", "postgres://anna@db/shop?schema=a"),
        ("postgres://db:1/shop?password=hush-hush", "postgres://db:1/shop"),
        ("postgres://db", "postgres://db"),
    ] {
        let variables = [("USER", "u")];
        let server = parse(address, &variables).unwrap();
        assert_eq!(server.to_string(), shown);
        assert!(!format!("{server:?}").contains("hush"));
        assert_eq!(parse(shown, &variables).unwrap(), server);
    }
}

#[test]
fn what_is_wrong_with_an_address_is_said_without_its_password() {
    for (address, part) in [
        ("postgres://a:hush-hush@db/x?sslmod=require", "unknown parameter \"sslmod\""),
        ("postgres://a:hush-hush@db:port/x", "not a valid port"),
        ("postgres://a:hush-hush@db1,db2/x", "several hosts"),
        ("postgres://:hush-hush@db/x", "names no user"),
        ("postgres://a:hush-hush@db/x?schema=My%20Schema", "not a valid schema name"),
        ("postgres://a:hush-hush@db/x?sslmode=maybe", "sslmode is"),
        ("postgres://a:hush%ff-hush@db/x", "the password in the ledger's address is not UTF-8"),
        ("postgres://a:hush-hush@db/x?connect_timeout=soon", "not a number of seconds"),
    ] {
        let wrong = parse(address, &[]).unwrap_err();
        assert!(wrong.contains(part) && !wrong.contains("hush"), "{address}: {wrong}");
    }
}

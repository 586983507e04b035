use std::path::Path;
use std::time::Duration;

use dispatch::{Method, Policy};
use geo::{Meters, StraightLine, Travel};

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn file(text: &str) -> Result<Settings, BadSetting> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hansom.toml");
    std::fs::write(&path, text).unwrap();
    let mut layers = Layers::new();
    layers.file(&path)?;
    layers.settings()
}

fn environment(variables: &[(&str, &str)]) -> Result<Settings, BadSetting> {
    let mut layers = Layers::new();
    layers.environment(variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))?;
    layers.settings()
}

fn flag(key: &str, text: &str) -> Result<Settings, BadSetting> {
    let mut layers = Layers::new();
    layers.flag(key, text.to_owned(), "--set")?;
    layers.settings()
}

#[test]
fn the_defaults_are_allowed() {
    let settings = Layers::new().settings().unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:7070");
    assert_eq!(settings.secret, SecretFrom::Dev);
    assert_eq!(settings.city.policy, Policy::default());
}

#[test]
fn a_file_sets_everything() {
    let settings = file(
        r#"
        data_dir = "/var/lib/hansom"
        listen = "0.0.0.0:0"
        log_format = "json"
        log = "warn,gateway=debug"
        jwt_secret = "0123456789abcdef0123456789abcdef"
        jwt_issuer = "city"
        shard_resolution = 6
        arbiters = 3

        [city]
        roads = "/var/lib/hansom/city.roads"
        speed_factors = "/etc/hansom/factors"
        utc_offset_min = -300

        [limits]
        body_bytes = 2048
        frame_bytes = 1024
        connections = 99
        request_timeout = 3

        [policy]
        method = "nearest"
        match_every = 0.5
        pickup_within = 3000
        candidates_max = 8
        detour = 1.5
        speed_mps = 8
        "#,
    )
    .unwrap();
    assert_eq!(settings.data_dir, Path::new("/var/lib/hansom"));
    assert_eq!(settings.listen.to_string(), "0.0.0.0:0");
    assert_eq!((settings.log_format, settings.log.as_str()), (LogFormat::Json, "warn,gateway=debug"));
    assert!(matches!(settings.secret, SecretFrom::Given(_)));
    assert_eq!((settings.city.shard_resolution.get(), settings.city.arbiters), (6, 3));
    assert_eq!((settings.limits.body_bytes, settings.limits.connections), (2_048, 99));
    assert_eq!(settings.roads.as_deref(), Some(Path::new("/var/lib/hansom/city.roads")));
    assert_eq!(settings.speed_factors.as_deref(), Some(Path::new("/etc/hansom/factors")));
    let policy = settings.city.policy;
    assert_eq!((policy.method, policy.candidates_max), (Method::Nearest, 8));
    assert_eq!((policy.match_every, policy.pickup_within), (Duration::from_millis(500), Meters::whole(3_000)));
    assert_eq!(policy.travel, Travel::straight(StraightLine::new(1.5, 8.0).unwrap()));
    assert_eq!(policy.utc_offset_min, -300);
}

#[test]
fn one_number_of_travel_leaves_the_other_as_it_is() {
    assert_eq!(flag("policy.detour", "1.27").unwrap().city.policy.travel, Policy::default().travel);
    assert_eq!(flag("policy.speed_mps", "5").unwrap().city.policy.travel, Policy::default().travel);
    let slow = Travel::straight(StraightLine::new(1.27, 2.0).unwrap());
    assert_eq!(flag("policy.speed_mps", "2").unwrap().city.policy.travel, slow);
}

#[test]
fn flags_count_before_environment_before_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hansom.toml");
    std::fs::write(&path, "listen = \"127.0.0.1:1\"\narbiters = 1\nshard_resolution = 3\n").unwrap();
    let mut layers = Layers::new();
    layers.file(&path).unwrap();
    let variables = [("HANSOM_LISTEN", "127.0.0.1:2"), ("HANSOM_ARBITERS", "2"), ("PATH", "/bin")];
    layers.environment(variables.map(|(name, text)| (name.to_owned(), text.to_owned()))).unwrap();
    layers.flag("listen", "127.0.0.1:3".to_owned(), "--listen").unwrap();
    let settings = layers.settings().unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.city.arbiters, 2);
    assert_eq!(settings.city.shard_resolution.get(), 3);
}

#[test]
fn a_wrong_value_is_named_with_key_value_origin_and_range() {
    let said = environment(&[("HANSOM_SHARD_RESOLUTION", "9")]).unwrap_err().to_string();
    assert_eq!(
        said,
        "setting shard_resolution is 9 (from HANSOM_SHARD_RESOLUTION), allowed is an H3 resolution from 3 to 7"
    );
    let said = flag("policy.offer_lasts", "0.2").unwrap_err().to_string();
    assert_eq!(said, "setting policy.offer_lasts is 0.2 s (from --set), allowed is 1 to 120 s");
    let said = flag("policy.offer_lasts", "soon").unwrap_err().to_string();
    assert_eq!(said, "setting policy.offer_lasts is \"soon\" (from --set), allowed is seconds from 1 to 120");
}

#[test]
fn every_wrong_value_is_refused() {
    for (key, wrong) in [
        ("listen", "localhost"),
        ("listen", "127.0.0.1:99999"),
        ("data_dir", ""),
        ("log_format", "xml"),
        ("log", "gateway=loud"),
        ("jwt_issuer", ""),
        ("time_scale", "0"),
        ("time_scale", "NaN"),
        ("time_scale", "1e9"),
        ("policy.cadence.idle", "0"),
        ("policy.cadence.idle", "45"),
        ("shard_resolution", "2"),
        ("shard_resolution", "8"),
        ("shard_resolution", "300"),
        ("arbiters", "0"),
        ("arbiters", "-1"),
        ("city.roads", ""),
        ("city.speed_factors", "/etc/factors"),
        ("city.utc_offset_min", "-721"),
        ("city.utc_offset_min", "90000"),
        ("city.utc_offset_min", "1.5"),
        ("limits.body_bytes", "1"),
        ("limits.frame_bytes", "1e6"),
        ("limits.connections", "0"),
        ("limits.request_timeout", "inf"),
        ("limits.request_timeout", "-1"),
        ("limits.idle_after", "30"),
        ("events.source", ""),
        ("events.source", "a city"),
        ("events.places", "street"),
        ("events.redis", "http://localhost"),
        ("events.redis", "redis://"),
        ("events.redis_length_max", "-1"),
        ("events.webhooks", ""),
        ("events.webhooks", "ftp://one/"),
        ("events.webhooks", "https://"),
        ("events.webhooks", "https://eve:secret@one/"),
        ("events.webhooks", "redis=https://one/"),
        ("events.webhooks", "Billing=https://one/"),
        ("events.webhooks", "a=https://one/, a=https://two/"),
        ("events.webhooks", "https://one/hook"),
        ("events.webhook_secret", "short"),
        ("events.webhook_in_flight", "0"),
        ("events.webhook_timeout", "0"),
        ("events.webhook_attempts", "101"),
        ("events.webhook_retry_max", "0.5"),
        ("events.kafka", ""),
        ("events.kafka_topic", "one two"),
        ("events.kafka_options", "acks"),
        ("policy.method", "random"),
        ("policy.match_every", "0"),
        ("policy.pickup_within", "-5"),
        ("policy.pickup_within", "NaN"),
        ("policy.candidates_max", "0"),
        ("policy.detour", "0.5"),
        ("policy.speed_mps", "1000"),
        ("policy.ride_lasts", "1e300"),
        ("policy.offers.waves", "1,0"),
        ("policy.offers.waves", ""),
        ("policy.offers.waves", "1,17"),
        ("policy.offers.radius", "20"),
        ("policy.offers.unanswered_max", "-1"),
        ("policy.cancellation.free_for", "7200"),
        ("policy.progress.on", "maybe"),
        ("policy.progress.patience", "0"),
        ("policy.homeward.progress", "1.5"),
        ("policy.homeward.lasts", "1"),
        ("policy.riders.active_max", "1001"),
    ] {
        match flag(key, wrong) {
            Err(BadSetting::Value { key: named, allowed, origin, .. }) => {
                assert_eq!(named, key, "{wrong}");
                assert!(!allowed.is_empty());
                assert_eq!(origin.as_deref(), Some("--set"), "{key}");
            }
            other => panic!("{key} = {wrong}: {other:?}"),
        }
    }
}

#[test]
fn an_unknown_setting_is_refused_with_the_one_that_was_perhaps_meant() {
    let said = file("shard_resolutoin = 5").unwrap_err().to_string();
    assert!(said.contains("setting shard_resolutoin is unknown") && said.contains("did you mean shard_resolution?"));
    let said = file("[policy]\noffer_last = 5").unwrap_err().to_string();
    assert!(said.contains("policy.offer_last is unknown") && said.contains("policy.offer_lasts"), "{said}");
    let said = environment(&[("HANSOM_LISTNE", "x")]).unwrap_err().to_string();
    assert!(said.contains("HANSOM_LISTNE is unknown") && said.contains("HANSOM_LISTEN"), "{said}");
    let said = flag("zzzzzzzzzz", "1").unwrap_err().to_string();
    assert_eq!(said, "setting zzzzzzzzzz is unknown (from --set); `hansom settings` lists all");
}

#[test]
fn what_kubernetes_says_of_a_service_of_our_name_is_no_setting() {
    let variables = [
        ("HANSOM_SERVICE_HOST", "10.0.0.1"),
        ("HANSOM_SERVICE_PORT", "7070"),
        ("HANSOM_SERVICE_PORT_HTTP", "7070"),
        ("HANSOM_PORT", "tcp://10.0.0.1:7070"),
        ("HANSOM_PORT_7070_TCP", "tcp://10.0.0.1:7070"),
        ("HANSOM_PORT_7070_TCP_ADDR", "10.0.0.1"),
        ("HANSOM_PEERS_SERVICE_HOST", "10.0.0.2"),
        ("HANSOM_PEERS_PORT_7071_TCP_PROTO", "tcp"),
    ];
    assert!(environment(&variables).is_ok());
}

#[test]
fn a_file_that_is_no_toml_is_refused_without_showing_its_lines() {
    let said = file(&format!("arbiters = 2\njwt_secret = \"{SECRET}\" oops\n")).unwrap_err().to_string();
    assert!(said.contains("hansom.toml") && said.contains("line 2"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
    let said = file("arbiters = true").unwrap_err().to_string();
    assert!(said.contains("setting arbiters is \"true\""), "{said}");
    assert!(file("[limits]\nloopback_exempt = false").is_ok(), "yes and no need no quotes");
    let said = file("arbiters = [1]").unwrap_err().to_string();
    assert!(said.contains("setting arbiters is of type array"), "{said}");
    assert!(matches!(Layers::new().file(Path::new("/nowhere/hansom.toml")), Err(BadSetting::File { .. })));
}

#[test]
fn a_secret_is_never_shown() {
    let said = environment(&[("HANSOM_JWT_SECRET", "too-short")]).unwrap_err().to_string();
    assert!(said.contains("jwt_secret is (hidden)") && !said.contains("too-short"), "{said}");
    let settings = environment(&[("HANSOM_JWT_SECRET", SECRET)]).unwrap();
    assert!(!format!("{settings:?}").contains(SECRET));
}

#[test]
fn a_secret_comes_from_one_place() {
    let both = [("HANSOM_JWT_SECRET", SECRET), ("HANSOM_JWT_SECRET_FILE", "/run/secret")];
    let said = environment(&both).unwrap_err().to_string();
    assert!(said.contains("not together"), "{said}");
    let said = file(&format!("jwt_secret = \"{SECRET}\"\njwt_secret_file = \"/run/secret\"")).unwrap_err();
    assert!(said.to_string().contains("not together"), "{said}");
    let mut layers = Layers::new();
    layers.environment([("HANSOM_JWT_SECRET".to_owned(), SECRET.to_owned())]).unwrap();
    layers.flag("jwt_secret_file", "/run/secret".to_owned(), "--jwt-secret-file").unwrap();
    assert!(matches!(layers.settings().unwrap().secret, SecretFrom::File(_)), "the later layer wins");
}

#[test]
fn the_clock_runs_faster_only_in_development() {
    assert_eq!(flag("time_scale", "60").unwrap().time_scale, 60.0);
    let said = environment(&[("HANSOM_TIME_SCALE", "60"), ("HANSOM_JWT_SECRET", SECRET)]).unwrap_err();
    assert!(said.to_string().contains("time_scale is 60 (from HANSOM_TIME_SCALE)"), "{said}");
}

#[test]
fn every_setting_is_described() {
    let table = describe_keys();
    for name in ["listen", "HANSOM_POLICY_OFFER_LASTS", "limits.frame_bytes", "jwt_secret_file"] {
        assert!(table.contains(name), "{table}");
    }
}

#[test]
fn receivers_of_webhooks_have_names() {
    let webhooks = |text: &str| {
        let mut layers = Layers::new();
        layers.flag("events.webhooks", text.to_owned(), "--set").unwrap();
        layers.flag("events.webhook_secret", SECRET.to_owned(), "--set").unwrap();
        let settings = layers.settings().unwrap();
        let webhooks = settings.events.webhooks.iter();
        webhooks.map(|to| (to.name.clone(), to.url.address().to_owned())).collect::<Vec<_>>()
    };
    let named = |name: &str, url: &str| (name.to_owned(), url.to_owned());
    assert_eq!(webhooks("https://one/hook?key=1"), [named("webhook", "https://one/hook?key=1")]);
    let two = [named("billing", "https://one:8443/a?b=c"), named("app-2", "http://[::1]:80")];
    assert_eq!(webhooks("billing=https://one:8443/a?b=c, app-2 = http://[::1]:80"), two);
}

#[test]
fn where_events_go_is_never_shown() {
    let hidden = [
        ("events.redis", "redis://:hunter2@host/0", "redis:hunter2"),
        ("events.webhooks", "https://host/hunter2", "hunter2:"),
        ("events.kafka_options", "sasl.password=hunter2", "hunter2"),
        ("events.webhook_secret", "hunter2-0123456789abcdef0123456789", "hunter2"),
        ("events.webhook_secret_old", "hunter2-0123456789abcdef0123456789", "hunter2"),
    ];
    let mut layers = Layers::new();
    for (key, good, _) in hidden {
        layers.flag(key, good.to_owned(), "--set").unwrap();
    }
    let settings = layers.settings().unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    for (key, _, wrong) in hidden {
        let said = flag(key, wrong).unwrap_err().to_string();
        assert!(said.contains(key) && said.contains("(hidden)") && !said.contains("hunter2"), "{said}");
    }
}

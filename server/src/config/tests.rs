use super::*;

const UID: &str = "ABCDEFGHJKLMNPQRST12";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, "server.toml", &Credentials::default()).map_err(|error| error.to_string())
}

#[test]
fn nothing_said_is_loopback_only() {
    let config = parse("").unwrap();
    assert!(config.http.listen.ip().is_loopback() && config.rtsp.listen.ip().is_loopback());
    assert!(config.cameras.is_empty() && config.login.is_none());
}

#[test]
fn a_camera_has_what_the_file_says() {
    let config = parse(&format!(
        "[cameras.door]\nuid = \"{UID}\"\npassword = \"canary\"\nencryption = \"required\"\naddress = \"10.0.0.7\""
    ));
    let camera = config.unwrap().cameras.remove("door").unwrap();
    assert_eq!(camera.uid.to_string(), UID);
    assert_eq!((camera.username.as_str(), camera.password.reveal()), ("admin", "canary"));
    assert_eq!(camera.encryption, Some(Encryption::Required));
    assert_eq!(camera.password_place, "server.toml, section [cameras.door]");
}

#[test]
fn the_readme_is_right() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let config = parse(rest.split_once("```").unwrap().0).unwrap();
    assert_eq!(config.cameras["door"].uid.to_string(), UID);
}

#[test]
fn the_port_of_sessions_can_be_chosen() {
    let config = |ports| parse(&format!("[cameras.door]\nuid = \"{UID}\"\nlocal-port = {ports}"));
    for (ports, read) in [("\"40000-40009\"", "40000-40009"), ("\"40000\"", "40000"), ("40000", "40000")] {
        let ports = config(ports).unwrap().cameras["door"].local_ports;
        assert_eq!(ports.map(|ports| ports.to_string()).as_deref(), Some(read));
    }
    for (ports, named) in [("\"40009-40000\"", "40009-40000"), ("70000", "such as 40000"), ("[1]", "such as 40000")] {
        let error = config(ports).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn no_error_shows_a_secret() {
    for text in [
        format!("[cameras.door]\nuid = \"{UID}\"\npassword = canary"),
        format!("[cameras.door]\nuid = \"{UID}\"\npassword = \"canary"),
        format!("[cameras.door]\nuid = \"{UID}\"\npassword = [\"canary\"]"),
        format!("[cameras.door]\nuid = \"{UID}\"\npassword = 8315 # canary"),
        format!("[cameras.door]\nuid = \"{UID}\"\nauth-key = \"canary\""),
        format!("[cameras.door]\nuid = \"{UID}\"\npassword = \"canary\" extra"),
        format!("[cameras.door]\nuid = \"{UID}\"\npassword = \"canary\"\npassword-file = \"x\""),
        "[login]\nuser = \"me\"\npassword = { canary = 1 }".into(),
        "[login]\nuser = \"me:\"\npassword = \"canary\"".into(),
        "[mqtt]\nbroker = \"host\"\npassword = { canary = 1 }".into(),
        "[mqtt]\nbroker = \"host:x\"\nuser = \"me\"\npassword = \"canary\"".into(),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(!error.contains("canary") && !error.contains("8315"), "{error}");
    }
}

#[test]
fn an_error_says_where_it_is() {
    let error = parse("[http]\nlisten = \"127.0.0.1:1\"\nlisen = 1").unwrap_err();
    assert!(error.contains("line 3") && error.contains("lisen"), "{error}");
    let error = parse("[cameras.door]\nuid = \"ABC\"").unwrap_err();
    assert!(error.contains("“door”") && error.contains("uid"), "{error}");
    let error = parse(&format!("[cameras.\"a/b\"]\nuid = \"{UID}\"")).unwrap_err();
    assert!(error.contains("“a/b”") && error.contains("letters"), "{error}");
}

#[test]
fn what_no_session_can_use_is_an_error() {
    let camera = |lines: &str| parse(&format!("[cameras.door]\nuid = \"{UID}\"\n{lines}"));
    for (lines, wanted) in [
        ("brand = \"wize\"", "generic or wyze"),
        ("brand = \"wyze\"", "needs its mac"),
        ("brand = \"wyze\"\nmac = \"AABB\"", "mac: "),
        ("address = \"10.0.0.7:99999\"", "address: "),
    ] {
        let error = camera(lines).unwrap_err();
        assert!(error.contains("“door”") && error.contains(wanted), "{lines}: {error}");
    }
    for lines in
        ["brand = \"wyze\"\nmac = \"AA:BB:CC:DD:EE:FF\"", "brand = \"generic\"", "address = \"[fe80::7%eth0]\""]
    {
        camera(lines).unwrap();
    }
}

#[test]
fn an_error_names_what_is_wanted() {
    for (text, wanted) in [
        ("[cameras]\ndoor = \"canary\"", "[cameras.NAME]"),
        ("[http]\nlisten = \"localhost\"", "0.0.0.0:8080"),
        ("[http]\nlisten = 8080", "0.0.0.0:8080"),
        ("[rtsp]\nlisten = \"8554\"", "0.0.0.0:8080"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains("line 2") && error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn an_error_writes_no_control_characters() {
    let error = parse(&format!("[cameras.\"a\\u001b[31m\"]\nuid = \"{UID}\"")).unwrap_err();
    assert!(error.contains("letters") && !error.contains(char::is_control), "{error:?}");
}

#[test]
fn a_recording_has_a_folder() {
    let camera = format!("[cameras.door]\nuid = \"{UID}\"\nrecord = true\n");
    assert!(parse(&camera).unwrap_err().contains("[recording]"));
    let config = parse(&format!("{camera}[recording]\nfolder = \"/r\"\ngigabytes = 0.5")).unwrap();
    assert_eq!(config.cameras["door"].recording.as_ref().unwrap().seconds, 600);
    assert_eq!(config.retention.unwrap().bytes, Some(500_000_000));
    assert!(parse("[recording]\nfolder = \"/r\"\nlength = 0").unwrap_err().contains("length"));
    assert!(parse("[recording]\nfolder = \"\"").unwrap_err().contains("folder"));
    // It would delete all but the last one.
    assert!(parse("[recording]\nfolder = \"/r\"\ndays = 0").unwrap_err().contains("days"));
}

#[test]
fn others_are_let_in_with_a_login_only() {
    for section in ["http", "rtsp"] {
        let open = format!("[{section}]\nlisten = \"0.0.0.0:9000\"\n");
        let error = parse(&open).unwrap_err();
        assert!(error.contains("[login]") && error.contains("127.0.0.1"), "{error}");
        let login = "[login]\nuser = \"me\"\npassword = \"canary\"";
        assert_eq!(parse(&format!("{open}{login}")).unwrap().login.unwrap().user, "me");
    }
    assert!(parse("[login]\nuser = \"me\"\npassword = \"\"").unwrap_err().contains("password-file"));
}

#[test]
fn guests_are_checked() {
    let camera = format!("[cameras.door]\nuid = \"{UID}\"\n");
    let login = "[login]\nuser = \"me\"\npassword = \"canary\"\n";
    let guest = "[guests.her]\npassword = \"canary\"\ncameras = [\"door\"]\n";
    let guests = parse(&format!("{camera}{login}{guest}")).unwrap().guests;
    assert!(guests.len() == 1 && guests[0].login.user == "her" && guests[0].cameras.contains("door"));
    for (text, wanted) in [
        (format!("{camera}{guest}"), "[login]"),
        (format!("{login}{guest}"), "“door”"),
        (format!("{camera}{login}{}", guest.replace("her", "me")), "same user"),
        (format!("{camera}{login}{}", guest.replace("her", "\"h:er\"")), "colon"),
        (format!("{camera}{login}[guests.her]\ncameras = []\n"), "guest_her"),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.contains(wanted) && !error.contains("canary"), "{error}");
    }
}

#[test]
fn a_container_needs_an_address_and_a_login() {
    let login = "[login]\nuser = \"me\"\npassword = \"canary\"";
    let open = "[http]\nlisten = \"0.0.0.0:9000\"\n";
    assert!(parse("").unwrap().check_public().unwrap_err().contains("[login]"));
    assert!(parse(login).unwrap().check_public().unwrap_err().contains("0.0.0.0:8080"));
    parse(&format!("{open}{login}")).unwrap().check_public().unwrap();
}

/// As systemd makes them of `LoadCredential=password:/etc/tutk/passwords`.
#[test]
fn a_folder_of_passwords_has_all_that_is_secret() {
    let folder = std::env::temp_dir().join(format!("tutk-server-folder-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("password_{UID}")), "canary\nbrand=wyze&mac=AABBCCDDEEFF&quality=low\n").unwrap();
    fs::write(folder.join(format!("password_auth-key_{UID}")), "12345678\n").unwrap();
    fs::write(folder.join("password_login"), "other\n").unwrap();
    let parse = || {
        let credentials = Credentials::list(Some(&folder));
        Config::parse("[login]\nuser = \"me\"", "server.toml", &credentials).map_err(|error| error.to_string())
    };
    let config = parse().unwrap();
    fs::write(folder.join(format!("password_{UID}")), "canary\nspeed=9").unwrap();
    let error = parse().unwrap_err();
    fs::remove_dir_all(&folder).unwrap();

    let camera = &config.cameras[UID];
    assert_eq!((camera.password.reveal(), camera.brand.as_deref()), ("canary", Some("wyze")));
    assert_eq!((camera.mac.as_deref(), camera.quality), (Some("AABBCCDDEEFF"), Quality::Low));
    assert_eq!(camera.auth_key.as_ref().map(Secret::reveal), Some("12345678"));
    assert_eq!(config.login.unwrap().password.reveal(), "other");
    assert!(error.contains("second line") && error.contains("speed") && !error.contains("canary"), "{error}");
}

#[test]
fn credentials_name_cameras_too() {
    let folder = std::env::temp_dir().join(format!("tutk-server-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("password_{UID}")), "canary\n").unwrap();
    fs::write(folder.join("password_short"), "x").unwrap();
    let credentials = Credentials::list(Some(&folder));
    let alone = Config::parse("", "server.toml", &credentials).unwrap();
    let named = format!("[cameras.door]\nuid = \"{UID}\"\nusername = \"root\"");
    let named = Config::parse(&named, "server.toml", &credentials).unwrap();
    fs::remove_dir_all(&folder).unwrap();

    assert_eq!(alone.cameras.keys().collect::<Vec<_>>(), [UID]);
    assert_eq!(named.cameras.keys().collect::<Vec<_>>(), ["door"]);
    for camera in alone.cameras.values().chain(named.cameras.values()) {
        assert_eq!(camera.password.reveal(), "canary");
        assert!(camera.password_place.ends_with(&format!("password_{UID}")), "{}", camera.password_place);
    }
}

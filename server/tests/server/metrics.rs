//! `/metrics` with Prometheus and its promtool: `scripts/test api`.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use std::{env, fs, thread};

use crate::common::{Camera, LONG, PASSWORD, Server, lines, unique};

/// Ended when it goes out of scope.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// In Prometheus's older format, which is what promtool checks: there, names of counters have their ending everywhere.
fn older_format(text: &str) -> String {
    let counters: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        for counter in &counters {
            *line = line.replace(&format!(" {counter} "), &format!(" {counter}_total "));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
#[ignore = "needs Prometheus: scripts/test api"]
fn prometheus_reads_the_metrics_and_promtool_finds_nothing_wrong_with_them() {
    let camera = Camera::start();
    let server = Server::start(&camera.section("door", PASSWORD));
    let client = server.watch("door", "", "protocols=tcp");
    client.pull("video").unwrap();

    let text = older_format(&server.get("/metrics").text());
    assert!(text.contains("# TYPE tutk_frames_total counter\n"), "{text}");
    let mut check = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn().unwrap();
    check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(check.wait().unwrap().success(), "what promtool has found is above, in {text}");

    let folder = env::temp_dir().join(format!("tutk-server-metrics-{}", unique()));
    fs::create_dir(&folder).unwrap();
    let settings = folder.join("prometheus.yml");
    let target = format!("127.0.0.1:{}", server.http);
    let job = "scrape_configs:\n- job_name: cameras\n  scrape_interval: 1s\n  static_configs:\n  - targets:";
    fs::write(&settings, format!("{job} ['{target}']\n")).unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", settings.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = lines(prometheus.stderr.take().unwrap());
    let prometheus = Process(prometheus);
    while !log.recv_timeout(LONG).expect("Prometheus does not start").contains("Server is ready") {}
    let query = "tutk_frames_total{camera=\"door\"} > 0 and on() tutk_camera_state{state=\"playing\"} == 1";
    let deadline = Instant::now() + LONG;
    loop {
        let url = format!("http://{address}");
        let answer = Command::new("promtool").args(["query", "instant", &url, query]).output().unwrap();
        let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
        if answer.contains("tutk_frames_total") {
            break;
        }
        assert!(Instant::now() < deadline, "{answer}: {:#?}", log.try_iter().collect::<Vec<_>>());
        thread::yield_now();
    }
    drop(prometheus);
    fs::remove_dir_all(folder).unwrap();
}

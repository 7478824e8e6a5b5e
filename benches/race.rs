//! Races the real binary against a floor of our own and against other clients: `cargo bench --bench race`.
//!
//! The floor does only what no client can leave out: it reads the member lists, or posts the invitations, over raw
//! sockets, without a plan and without a ledger. The binary is `target/release/guestlist`, or `GUESTLIST`.
//!
//! `cargo bench --bench race -- serve FOLDER [PEOPLE [MILLISECONDS]]` only serves what the race reads, or an
//! organization of another size with a delay before each response, until it is stopped.
#![expect(clippy::print_stdout, reason = "it reports what it measures")]

#[allow(dead_code, reason = "other targets use the rest")]
mod sample;

use std::fs;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use guestlist::api::{Content as _, Page, Rows};
use sample::binary;
use sample::server::Server;

const PEOPLE: usize = 10_000;
const PROJECTS: usize = 20;
/// How often each is run. The medians are printed.
const ROUNDS: usize = 5;
/// The connections of the floor and of other clients that post.
const CONNECTIONS: usize = 8;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["floor-read", address] => floor_read(address),
        ["floor-post", address, file] => floor_post(address, file),
        ["yaml-events", file] => yaml_events(file),
        ["serve", folder] => serve(folder, PEOPLE, Duration::ZERO),
        ["serve", folder, people] => serve(folder, number(people), Duration::ZERO),
        ["serve", folder, people, millis] => {
            serve(folder, number(people), Duration::from_millis(number(millis)));
        }
        _ => race(),
    }
}

/// Reads and parses every list, with a connection for each of two threads.
fn floor_read(address: &str) {
    let next = Mutex::new(0..PROJECTS);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let rows = Rows::default();
                let mut connection = Connection::open(address);
                loop {
                    let Some(project) = next.lock().expect("a lock").next() else { break };
                    let body = connection.call(&format!(
                        "GET /management/v1/projects/proj_{project:04}/users HTTP/1.1\r\nhost: x\r\n\r\n"
                    ));
                    black_box(Page::read(&body, &rows).expect("a page"));
                }
            });
        }
    });
}

/// Posts every line of a file.
fn floor_post(address: &str, file: &str) {
    let text = fs::read_to_string(file).expect("a file");
    let lines = Mutex::new(text.lines());
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = Connection::open(address);
                loop {
                    let Some(line) = lines.lock().expect("a lock").next() else { break };
                    connection.call(&format!(
                        "POST /management/v1/projects/users/invite HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{line}",
                        line.len()
                    ));
                }
            });
        }
    });
}

fn yaml_events(file: &str) {
    let text = fs::read_to_string(file).expect("a file");
    black_box(granit_parser::Parser::new_from_str(&text).flatten().count());
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is not a number"))
}

/// Writes the team file into `folder`, and serves an organization without members and one with all of them. Each
/// response is `delay` late.
fn serve(folder: &str, people: usize, delay: Duration) {
    // A file may have so many people only if they get their access from groups.
    let team = if people > 50_000 {
        sample::team_file_with_groups(people, PROJECTS, PROJECTS)
    } else {
        sample::team_file(people, PROJECTS)
    };
    fs::write(Path::new(folder).join("team.yaml"), team).expect("a team file");
    let start = |people| Server::start_slow(sample::pages(people, PROJECTS), delay);
    let (empty, full) = (start(0), start(people));
    println!("no members: http://{}\nall of them: http://{}", empty.address, full.address);
    loop {
        thread::park();
    }
}

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        Self(BufReader::with_capacity(64 << 10, stream))
    }

    fn call(&mut self, request: &str) -> Vec<u8> {
        self.0.get_mut().write_all(request.as_bytes()).expect("a request");
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            self.0.read_line(&mut line).expect("a response");
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        body
    }
}

/// What a process took.
#[derive(Clone, Copy)]
struct Took {
    time: Duration,
    /// Peak memory in KiB; 0 where the system does not tell.
    memory: u64,
}

/// Runs a process to its end. Its peak memory is the last one seen before that.
fn measure(command: &mut Command) -> Took {
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut memory = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        memory = peak.unwrap_or(memory);
        if let Some(ended) = child.try_wait().expect("it ends") {
            assert!(ended.success(), "{command:?} failed: {ended}");
            return Took { time: started.elapsed(), memory };
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// A line of the table.
struct Racer<'a> {
    name: &'static str,
    /// The line that it is compared with, and the goal for the ratio.
    against: Option<(&'static str, f64)>,
    run: Box<dyn Fn() -> Took + 'a>,
}

fn race() {
    let binary = binary();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("team.yaml"), sample::team_file(PEOPLE, PROJECTS)).expect("a team file");
    fs::write(file("people.ndjson"), invitations()).expect("a file");
    fs::write(file("curl.txt"), "").expect("a file");
    let (empty, full) =
        (Server::start(sample::pages(0, PROJECTS)), Server::start(sample::pages(PEOPLE, PROJECTS)));
    let own = |args: &[&str]| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        measure(command.args(args))
    };
    let guestlist = |server: Option<&Server>, ledger: &str, args: &[&str]| {
        let mut command = Command::new(&binary);
        command.args(args).current_dir(folder.path());
        if let Some(server) = server {
            command
                .args(["--ledger", ledger, "--endpoint", &format!("http://{}", server.address)])
                .env("VOUCHERIFY_MANAGEMENT_ID", "measured-id")
                .env("VOUCHERIFY_MANAGEMENT_TOKEN", "measured-token");
        }
        measure(&mut command)
    };
    let address = |server: &Server| server.address.to_string();
    let team = file("team.yaml").display().to_string();
    let people = file("people.ndjson").display().to_string();
    // The ledger that the plan finds: that of the apply before it.
    guestlist(Some(&empty), "ledger", &["apply", "--yes"]);
    let mut racers = vec![
        Racer { name: "floor: read", against: None, run: Box::new(|| own(&["floor-read", &address(&full)])) },
        Racer {
            name: "guestlist plan, no change",
            against: Some(("floor: read", 1.6)),
            run: Box::new(|| guestlist(Some(&full), "ledger", &["plan"])),
        },
        Racer {
            name: "floor: post",
            against: None,
            run: Box::new(|| own(&["floor-post", &address(&empty), &people])),
        },
        Racer {
            name: "guestlist apply",
            against: Some(("floor: post", 2.0)),
            run: Box::new(|| {
                let _ = fs::remove_dir_all(file("new"));
                guestlist(Some(&empty), "new", &["apply", "--yes"])
            }),
        },
        Racer { name: "YAML events", against: None, run: Box::new(|| own(&["yaml-events", &team])) },
        Racer {
            name: "guestlist validate",
            against: Some(("YAML events", 1.5)),
            run: Box::new(|| guestlist(None, "", &["validate"])),
        },
        Racer {
            name: "guestlist --version",
            against: None,
            run: Box::new(|| guestlist(None, "", &["--version"])),
        },
    ];
    if is_installed("curl") {
        fs::write(file("curl.txt"), curl_config(&empty, &people)).expect("a file");
        racers.push(Racer {
            name: "curl -Z, no plan",
            against: Some(("floor: post", f64::INFINITY)),
            run: Box::new(|| {
                let mut command = Command::new("curl");
                measure(command.args(["-s", "-Z", "--parallel-max", "32", "-K"]).arg(file("curl.txt")))
            }),
        });
    } else {
        println!("skipped: curl is not in PATH");
    }
    let mut all: Vec<Vec<Took>> = racers.iter().map(|_| Vec::new()).collect();
    // One after the other in each round, so that whatever else the machine does is the same for all.
    for _ in 0..ROUNDS {
        for (racer, took) in racers.iter().zip(&mut all) {
            took.push((racer.run)());
        }
    }
    print(&racers, &all);
}

fn print(racers: &[Racer<'_>], all: &[Vec<Took>]) {
    let median = |name: &str| {
        let at = racers.iter().position(|racer| racer.name == name).expect("a line");
        let mut times: Vec<_> = all[at].iter().map(|took| took.time).collect();
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    println!("{PEOPLE} people, each in 10 of {PROJECTS} projects; medians of {ROUNDS} rounds");
    println!("| | seconds | peak MiB | ratio | goal |\n|---|---|---|---|---|");
    for (racer, took) in racers.iter().zip(all) {
        let memory = took.iter().map(|took| took.memory).max().unwrap_or_default() >> 10;
        let (ratio, goal) = match racer.against {
            None => (String::new(), String::new()),
            Some((name, goal)) => {
                let goal = if goal.is_finite() { format!("{goal} x {name}") } else { String::new() };
                (format!("{:.2}", median(racer.name) / median(name)), goal)
            }
        };
        println!("| {} | {:.3} | {memory} | {ratio} | {goal} |", racer.name, median(racer.name));
    }
}

/// An invitation on each line.
fn invitations() -> String {
    let team = sample::resolve(&sample::parse(&sample::team_file(PEOPLE, PROJECTS)));
    let mut text = String::new();
    for person in team.desired.people.values() {
        let body = serde_json::json!({
            "login": person.email,
            "firstName": person.first_name,
            "lastName": person.last_name,
            "projects": person.access,
        });
        text.push_str(&body.to_string());
        text.push('\n');
    }
    text
}

fn curl_config(server: &Server, people: &str) -> String {
    let people = fs::read_to_string(people).expect("a file");
    let each = people.lines().map(|line| {
        let body = line.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "url = \"http://{}/management/v1/projects/users/invite\"\nheader = \"content-type: application/json\"\ndata = \"{body}\"\noutput = \"/dev/null\"\n",
            server.address
        )
    });
    each.collect::<Vec<_>>().join("next\n")
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

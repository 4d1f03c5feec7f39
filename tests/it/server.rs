//! The example server as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::examples::example;

/// The server on a free port and in a folder of its own, ended when dropped.
struct Server {
    child: Child,
    addr: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(example("server"))
            .args(["--addr", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addr = line.trim().rsplit("http://").next().unwrap().to_owned();
        Self { child, addr, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_connection_without_a_whole_request_head_is_closed_within_ten_seconds() {
    let server = Server::start();
    let began = Instant::now();
    let connections = ["", "G", "GET /api/chat/rooms HTTP/1.1\r\nHost: x\r\nAuth", "PRI * HTTP/2.0\r\n\r\n"];
    let waiting = connections.map(|head| {
        let mut stream = TcpStream::connect(&server.addr).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        std::thread::spawn(move || {
            // An answer such as 408 may come first; then the end.
            let ended = stream.read_to_end(&mut Vec::new());
            (head, ended.map_err(|error| error.kind()), began.elapsed())
        })
    });
    for thread in waiting {
        let (head, ended, after) = thread.join().unwrap();
        assert!(after < Duration::from_secs(10), "{head:?} ended as {ended:?} after {after:?}");
    }
}

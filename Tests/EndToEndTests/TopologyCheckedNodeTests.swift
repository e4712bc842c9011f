import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Nodes whose checks decide when they are up, and how long they live.
  struct TopologyCheckedNodeTests {
    /// A run of a file with this text; every word `$PORT` of it is a free port.
    private func start(_ text: String, method: String = "forkServer") throws -> Tool {
      try Tool(
        shell: """
          export PORT=$(python3 -c 'import socket
          s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
          printf '%s' "$TEXT" | sed "s/@PORT@/$PORT/g" > t.yaml
          exec "$PTREE" run t.yaml --quiet --timeout 60 --start-method \(method)
          """, environment: ["TEXT": "ptree: 1\n" + text])
    }

    /// A node `a` that is up when the file `up` is there, by all kinds of checks.
    struct Kind: CustomTestStringConvertible, Sendable {
      let name: String
      let readiness: String
      /// What the node does at first, and once it may be up.
      var first = "true"
      let then: String

      var testDescription: String { name }
    }

    private static let server = """
      python3 -c 'import http.server, os, sys
      class H(http.server.BaseHTTPRequestHandler):
       def do_GET(self):
        self.send_response(int(open("status").read()))
        self.send_header("Location", "/ok")
        self.end_headers()
       def log_message(self, *rest): pass
      http.server.HTTPServer(("127.0.0.1", @PORT@), H).serve_forever()' &
      """

    static let kinds: [Kind] = [
      Kind(name: "file", readiness: "{file: there}", then: "touch there"),
      Kind(name: "command", readiness: "{command: [test, -e, there]}", then: "touch there"),
      Kind(name: "shell", readiness: "{shell: test -e there}", then: "touch there"),
      Kind(
        name: "aCommandThatHangs", readiness: "{shell: test -e there || sleep 60, timeout: 100ms}",
        then: "touch there"),
      Kind(name: "line", readiness: "{line: 'at \\d+$'}", first: "echo at x", then: "echo at 80"),
      Kind(
        name: "notify", readiness: "{notify: true}", first: "say STATUS=wait", then: "say READY=1"),
      Kind(
        name: "port", readiness: "{port: @PORT@}",
        then: """
          python3 -c 'import socket, time
          s = socket.create_server(("127.0.0.1", @PORT@)); time.sleep(60)' &
          """),
      Kind(
        name: "socket", readiness: "{port: ./s}",
        then: """
          python3 -c 'import socket, time
          s = socket.socket(socket.AF_UNIX); s.bind("s"); s.listen(); time.sleep(60)' &
          """),
      Kind(
        name: "http404", readiness: "{http: 'http://127.0.0.1:@PORT@/'}",
        first: "echo 404 > status; \(server)", then: "echo 204 > status"),
      Kind(
        name: "http301", readiness: "{http: 'http://127.0.0.1:@PORT@/'}",
        first: "echo 301 > status; \(server)", then: "echo 200 > status"),
      Kind(
        name: "httpWithoutAnAnswer",
        readiness: "{http: 'http://127.0.0.1:@PORT@/', timeout: 100ms}",
        first: silent("b''"), then: "touch there"),
      Kind(
        name: "httpWithHalfAnAnswer",
        readiness: "{http: 'http://127.0.0.1:@PORT@/', timeout: 100ms}",
        first: silent("b'HTTP/1.1 2'"), then: "touch there"),
    ]

    /// A server that replies with the bytes alone and no more, until the file `there` exists.
    private static func silent(_ bytes: String) -> String {
      """
      python3 -c "import os, socket
      s = socket.create_server(('127.0.0.1', @PORT@))
      kept = []
      while True:
       c = s.accept()[0]
       kept.append(c)
       c.send(b'HTTP/1.1 200 OK\\r\\n\\r\\n' if os.path.exists('there') else \(bytes))" &
      """
    }

    /// `b` finds what `a` has noted before it may be up; nothing overlaps.
    @Test(arguments: kinds) func aNodeIsUpWhenItsCheckHolds(kind: Kind) throws {
      func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
          .map { "      \($0)" }.joined(separator: "\n")
      }
      let run = try start(
        """
        nodes:
          a:
            readiness: \(kind.readiness.dropLast()), every: 50ms}
            shell: |
              say() { python3 -c 'import os, socket, sys
              socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), os.environ["NOTIFY_SOCKET"])' "$1"; }
        \(indented(kind.first))
              sleep 0.7
              echo a > before
        \(indented(kind.then))
              sleep 60
          b: {shell: cat before, dependsOn: [a]}
        endsWith: [b]

        """
      ).end()
      #expect(run.code == 0 && run.lines.contains("b | a"), "\(run.output)\(run.errors)")
    }

    @Test(arguments: startMethods) func aLivenessOfAnotherKindEndsTheNode(method: String) throws {
      // Up by its line, alive while its file is there, which goes in its first life.
      let run = try start(
        """
        nodes:
          a:
            shell: |
              touch alive; echo life >> lives; echo ready
              test $(wc -l < lives) = 2 && exit 0
              sleep 0.2; rm alive; sleep 60
            readiness: {line: ready}
            liveness: {file: alive, every: 50ms, failures: 2}
            restart: onFailure

        """, method: method
      ).end()
      #expect(run.code == 0 && run.lines == ["a | ready", "a | ready"], "\(run.errors)")
    }

    static let failures: [(String, String)] = [
      (
        "shell: sleep 60, liveness: {file: nowhere, every: 50ms, delay: 100ms}",
        "nowhere: it failed 3 times in a row: No such file"
      ),
      ("shell: sleep 60, liveness: {shell: exit 3, every: 20ms}", "it failed 3 times in a row"),
      (
        "shell: sleep 60, liveness: {notify: true, every: 100ms, failures: 2}",
        "it has not sent WATCHDOG=1 for 200 ms"
      ),
      (
        "shell: sleep 60, readiness: {file: nowhere, delay: 200ms, every: 50ms, within: 400ms}",
        "it was not up within 400 ms"
      ),
    ]

    @Test(arguments: failures) func aCheckThatFailsSaysWhy(node: String, words: String) throws {
      let run = try start("nodes: {a: {\(node)}}\n").end()
      #expect(run.code == 1 && run.errors.contains(words), "\(run.errors)")
    }

    @Test func aNodeThatKeepsItsWatchdogLives() throws {
      let run = try start(
        """
        nodes:
          a:
            shell: |
              python3 -c 'import os, socket, time
              s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
              s.connect(os.environ["NOTIFY_SOCKET"])
              print(int(os.environ["WATCHDOG_USEC"]))
              for _ in range(20):
                s.send(b"WATCHDOG=1"); time.sleep(0.1)'
            liveness: {notify: true, every: 500ms}

        """
      ).end()
      #expect(run.code == 0 && run.lines == ["a | 1500000"], "\(run.errors)")
    }

    /// Three probes in a row have to hold: the file comes and goes before it stays.
    @Test func successesAreCountedInARow() throws {
      let run = try start(
        """
        nodes:
          a:
            shell: sleep 60
            readiness:
              shell: echo x >> probes; n=$(wc -l < probes); test $n -ne 3
              successes: 3
              every: 10ms
          b: {shell: 'wc -l < probes', dependsOn: [a]}
        endsWith: [b]

        """
      ).end()
      let probes = run.lines.last.flatMap { Int($0.dropFirst("b | ".count)) } ?? 0
      #expect(run.code == 0 && probes >= 6, "\(run.output)\(run.errors)")
    }
  }
}

import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

private enum HostFixture: FixtureProgram {
  static let name = "host-fixture"
}

/// A server of ssh on the loopback, with keys and configuration of its own.
private final class SSHServer {
  static let program = "/usr/sbin/sshd"

  let files: TemporaryDirectory
  let port: Int
  private let process = Process()

  init() async throws {
    files = try TemporaryDirectory()
    port = Int.random(in: 20_000..<32_000)
    for name in ["id", "stranger", "key"] { try makeKey(name) }
    let known = try text("key.pub").split(separator: " ").prefix(2).joined(separator: " ")
    try write("known_hosts", "[127.0.0.1]:\(port) \(known)\n")
    try write("nobody", "")
    try write("authorized_keys", try text("id.pub"))
    try write(
      "configuration",
      """
      ListenAddress 127.0.0.1
      Port \(port)
      HostKey \(path("key"))
      PidFile none
      AuthorizedKeysFile \(path("authorized_keys"))
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      UsePAM no
      StrictModes no
      PermitRootLogin prohibit-password

      """)
    if getuid() == 0 {
      try FileManager.default.createDirectory(
        atPath: "/run/sshd", withIntermediateDirectories: true)
    }
    // The server closes all that it inherits, which Foundation takes for its end: it would then
    // wait for it, and hear of no other process. A shell in between keeps it.
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [
      "-c", "trap 'kill $!' TERM; \"$0\" -D -e -f \"$1\" & wait", Self.program,
      path("configuration"),
    ]
    process.standardError = FileHandle.nullDevice
    // Threads of tests have the signal blocked that ends it.
    try process.runInForeground()
    let hasCome = try await eventually { [port] in Self.answers(at: port) }
    try #require(hasCome, "sshd does not listen")
  }

  deinit { process.terminate() }

  func path(_ name: String) -> String { files.url.appending(path: name).path }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: path(name), encoding: .utf8)
  }

  private func write(_ name: String, _ text: String) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  private func makeKey(_ name: String) throws {
    let keygen = try Process.run(
      URL(filePath: "/usr/bin/ssh-keygen"),
      arguments: ["-q", "-t", "ed25519", "-N", "", "-f", path(name)])
    keygen.waitUntilExit()
  }

  private static func answers(at port: Int) -> Bool {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, size) == 0 }
    }
  }

  /// The destination and the options for `ssh`.
  func arguments(port: Int? = nil, key: String = "id", known: String = "known_hosts") -> [String] {
    [
      "127.0.0.1", "-F", "none", "-p", "\(port ?? self.port)", "-i", path(key),
      "-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=\(path(known))",
      "-o", "GlobalKnownHostsFile=none",
    ]
  }
}

extension ProcessTrees {
  /// Hosts behind a real ssh, where its server is installed.
  @Suite(.enabled(if: FileManager.default.fileExists(atPath: SSHServer.program)))
  struct HostSSHTests {
    @Test(arguments: ["ssh", "sshKilled", "sshSilent"])
    func nodesRunBehindSSH(scenario: String) async throws {
      let server = try await SSHServer()
      try await HostFixture.expectSuccess(
        of: scenario, "forkServer", arguments: server.arguments())
    }

    @Test func sshSaysWhyThereIsNoHost() async throws {
      let server = try await SSHServer()
      let cases = [
        (server.arguments(port: 9), "unreachable"),
        (server.arguments(key: "stranger"), "authenticationFailed"),
        (server.arguments(known: "nobody"), "hostKeyUnknown"),
        (["no-such-host.invalid", "-F", "none"], "nameNotFound"),
      ]
      for (arguments, code) in cases {
        let outcome = try await HostFixture.run("sshRefused", arguments: arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("\(code): "), "\(outcome.output)")
      }
    }
  }
}

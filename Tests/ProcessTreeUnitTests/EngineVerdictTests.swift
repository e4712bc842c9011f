import ProcessTreeProcessControl
import Testing

@testable import ProcessTree

@Suite struct EngineVerdictTests {
  private let ended = HostError(.notReached, host: "b", "the connection has ended")

  @Test(
    arguments: [
      ("ssh: Could not resolve hostname b: Name or service not known", .nameNotFound),
      ("ssh: connect to host b port 22: Connection refused", .unreachable),
      ("ssh: connect to host b port 22: Connection timed out", .unreachable),
      ("Host key verification failed.", .hostKeyUnknown),
      ("alice@b: Permission denied (publickey).", .authenticationFailed),
      ("program: error while loading shared libraries: libzmq.so.5: cannot", .libraryMissing),
      ("process-tree: dlopen: libzmq.so.5: cannot open shared object file: No", .libraryMissing),
      ("env: /p: Exec format error", .otherMachine),
      ("/p: 1: Syntax error: \"(\" unexpected", .otherMachine),
      ("process-tree: /x cannot be made: No such. Set TMPDIR to a directory", .directoryUnusable),
      ("srun: error: Unable to confirm: Invalid job id specified", .allocationEnded),
      ("something else", .notReached),
    ] as [(String, HostError.Code)])
  func sshSaysWhyThereIsNoHost(_ line: String, _ code: HostError.Code) {
    let verdict = EngineVerdict(status: .exited(255), lines: ["a", line])
    let error = verdict.explaining(ended, of: ["ssh", "b"])
    #expect(error.code == code)
    #expect(error.message.contains(line) && error.message.contains("ssh exited 255"))
  }

  @Test func aShellSaysThatThereIsNoProgram() {
    let verdict = EngineVerdict(status: .exited(127), lines: ["env: ‘/p’: No such file"])
    #expect(verdict.explaining(ended, of: ["env"]).code == .programMissing)
  }

  @Test func aHostThatWasUpKeepsItsReason() {
    let lost = HostError(.over, host: "b", "nothing has been heard of it for 12 s")
    let verdict = EngineVerdict(status: nil, lines: ["x: Permission denied (publickey)."])
    #expect(verdict.explaining(lost, of: ["ssh"]).code == .over)
  }

  @Test func theCommandOfSshIsOneTextForAnyShell() throws {
    let host = Host.ssh("alice@b", slots: 2, options: ["-p", "2222"], program: "/opt/my app/p")
    let words = try EngineCommand(for: host, program: "/x", arguments: ["run", "$HOME"]).words
    #expect(words.first == "ssh" && words.contains("BatchMode=yes"))
    #expect(
      Array(words.suffix(5)) == [
        "-p", "2222", "--", "alice@b",
        "exec 'env' 'PROCESS_TREE_BOOTSTRAP=host' '/opt/my app/p' 'run' '$HOME'",
      ])
    #expect(throws: HostError.self) {
      try EngineCommand(for: host, program: "/x", arguments: ["it's"])
    }
  }

  @Test func aPathThatEnvTakesForAVariableIsRefused() {
    let host = Host.command(["docker", "exec", "-i", "web"], name: "web", program: "/a=b/p")
    let error = #expect(throws: HostError.self) {
      try EngineCommand(for: host, program: "/x", arguments: ["a=b"])
    }
    #expect(error?.code == .invalidHost && error?.message.contains("/a=b/p") == true)
  }

  @Test func theCommandOfAnEngineIsWhatFollowsItsWords() throws {
    let host = Host.command(["docker", "exec", "-i", "web"], name: "web")
    let words = try EngineCommand(for: host, program: "/x", arguments: ["a b"]).words
    #expect(
      words == [
        "docker", "exec", "-i", "web", "env", "PROCESS_TREE_BOOTSTRAP=host", "/x", "a b",
      ])
  }

  @Test func aProgramIsJoinedByTheWayByWhichItWasBegun() throws {
    let host = Host.command(["docker", "exec", "-i", "web"], name: "web")
    let words = try EngineCommand(for: host, program: "/x", arguments: ["a b"]).attachWords
    #expect(words.suffix(3) == ["PROCESS_TREE_BOOTSTRAP=attach", "/x", "a b"])
    let remote = try EngineCommand(for: .ssh("b"), program: "/x", arguments: [])
    #expect(remote.words.contains("ConnectTimeout=10"))
    #expect(remote.attachWords.contains("ConnectTimeout=5"))
  }

  @Test func anAttemptThatFailedSaysWhy() {
    let refused = EngineVerdict(status: .exited(255), lines: ["x", "", "Permission denied"])
    #expect(refused.trouble(of: ["ssh"])?.hasSuffix(": x | Permission denied") == true)
    #expect(
      EngineVerdict(status: .exited(9), lines: []).trouble(of: ["sh"])?.hasPrefix("sh ") == true)
    #expect(EngineVerdict(status: .exited(0), lines: []).trouble(of: ["sh"]) == nil)
    #expect(EngineVerdict(status: nil, lines: ["x"]).trouble(of: ["sh"]) == nil)
  }
}

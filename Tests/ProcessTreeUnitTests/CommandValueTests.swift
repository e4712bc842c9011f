import ProcessTreeMessagePack
import ProcessTreeProcessControl
import Testing

@testable import ProcessTree

@Suite struct CommandValueTests {
  @Test(arguments: [
    (["gzip", "-dc", "/a/b.gz"], "gzip -dc /a/b.gz"), (["a b", ""], "'a b' ''"),
    (["it's", "$x", "é"], #"'it'\''s' '$x' 'é'"#),
  ])
  func isDescribedAsAShellWouldTakeIt(_ words: [String], _ expected: String) {
    #expect(Command(words[0], Array(words.dropFirst())).description == expected)
  }

  @Test func travelsWithAllItsParts() throws {
    let command = Command(
      "tool", ["a", "é"],
      environment: .inherit(adding: ["A": "1"], removing: ["B"]), directory: "/x",
      limits: [.cpuTime(.milliseconds(1_500)), .addressSpace(1 << 40), .openFiles(3)],
      umask: 0o077, credentials: .init(user: 1, group: 2, supplementaryGroups: [3]),
      standardInput: .file("in"), standardOutput: .file("out", appending: true),
      standardError: .standardOutput)
    let bytes = try MessagePackEncoder().encode(command)
    #expect(try MessagePackDecoder().decode(Command.self, from: bytes) == command)
    let failure = CommandFailure(
      command: "tool", pid: 3, status: .signaled(9, coreDumped: false), lastErrorLines: ["x"])
    let encoded = try MessagePackEncoder().encode(failure)
    #expect(try MessagePackDecoder().decode(CommandFailure.self, from: encoded) == failure)
    #expect(failure.description == "tool (pid 3) killed by SIGKILL — x")
  }

  private func resolved(
    _ environment: Command.Environment, from inherited: [String]
  ) throws -> [String] {
    try environment.resolved(from: inherited.map { Array($0.utf8) })
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func environmentsAreWhatTheyWereDeclaredToBe() throws {
    let mine = ["A=1", "AB=2", "C=x=y", "EMPTY=", "odd"]
    #expect(try resolved(.inherit, from: mine) == mine)
    #expect(try resolved(.only(["Z": "1", "B": "2"]), from: mine) == ["B=2", "Z=1"])
    #expect(
      try resolved(.inherit(adding: ["A": "9", "N": ""], removing: ["C", "no"]), from: mine)
        == ["AB=2", "EMPTY=", "odd", "A=9", "N="])
    for name in ["", "A=B", "="] {
      #expect(throws: CommandError.self) { try resolved(.only([name: "1"]), from: []) }
    }
  }

  @Test func limitsAreRoundedUpAndNeverBelowZero() throws {
    func limits(_ limit: ResourceLimit) throws -> [UInt64] {
      let last = try Command("true", limits: [limit]).resolvedLimits().last
      return [last?.soft ?? 0, last?.hard ?? 0]
    }
    #expect(try limits(.cpuTime(.seconds(5))) == [5, 6])
    #expect(try limits(.cpuTime(.nanoseconds(1))) == [1, 2])
    #expect(try limits(.addressSpace(1 << 30)) == [1 << 30, 1 << 30])
    #expect(try limits(.coreSize(0)) == [0, 0])
    for limit: ResourceLimit in [.cpuTime(.seconds(-1)), .fileSize(-1), .processes(.min)] {
      let error = #expect(throws: CommandError.self) { try limits(limit) }
      #expect(error?.code == .invalidCommand)
    }
  }

  @Test func usersHaveTheirGroupAloneUnlessDeclared() throws {
    #expect(Command.Credentials(user: 1, group: 2).supplementaryGroups == [2])
    #expect(
      Command.Credentials(user: 1, group: 2, supplementaryGroups: []).supplementaryGroups == [])
    // What the kernel takes for "as it is" would leave the command the node's rights.
    for credentials: Command.Credentials in [
      .init(user: .max, group: 1), .init(user: 1, group: .max),
      .init(user: 1, group: 1, supplementaryGroups: [2, .max]),
    ] {
      let error = #expect(throws: CommandError.self) { try credentials.resolved() }
      #expect(error?.code == .invalidCommand)
    }
  }

  @Test("A command has the limits that the run was started with unless it declares others")
  func limitsAreTheRunsOwnUnlessDeclared() throws {
    #expect(try Command("true").resolvedLimits().isEmpty)
    let limits = try Command("true", limits: [.openFiles(64)]).resolvedLimits()
    #expect(limits.map(\.resource) == [.openFiles])
  }
}

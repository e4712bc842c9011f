internal import Glibc
internal import ProcessTree
internal import ProcessTreeProcessControl

/// A machine, as a node on it sees it.
struct Machine: Codable, Sendable {
  var name: String
  var architecture: String
  var processors: Int
  /// The content of the program's file.
  var build: String

  /// The machine of this process.
  static var current: Self {
    var names = utsname()
    uname(&names)
    return Self(
      name: text(of: names.nodename), architecture: text(of: names.machine),
      processors: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), build: HostProcess.contentIdentity())
  }

  private static func text<Characters>(of characters: Characters) -> String {
    withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

/// Answers each message; the first time it names the machine that it runs on.
struct HostProbe: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    var machine: Machine? = .current
    for try await _ in try await parent.messages(of: Int.self) {
      try await parent.send(machine)
      machine = nil
    }
  }
}

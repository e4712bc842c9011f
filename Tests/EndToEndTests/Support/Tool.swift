import Foundation
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// A run of the tool as it was built, in a temporary directory of its own.
final class Tool {
  /// The built tool: it lies where the tests do.
  static let path: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
    return URL(fileURLWithPath: bundle).deletingLastPathComponent()
      .appendingPathComponent("ptree").path
  }()

  private let process = Process()
  /// The run's own temporary directory, removed with this value.
  let directory: TemporaryDirectory
  private let output: String
  private let errors: String

  /// Starts the tool with arguments, or a shell command in which `$PTREE` is the tool.
  init(
    _ arguments: [String] = [], shell: String? = nil, environment: [String: String] = [:]
  ) throws {
    directory = try TemporaryDirectory()
    output = directory.path + "/stdout"
    errors = directory.path + "/stderr"
    let arguments = shell.map { ["/bin/sh", "-c", $0] } ?? [Self.path] + arguments
    process.executableURL = URL(fileURLWithPath: arguments[0])
    process.arguments = Array(arguments.dropFirst())
    process.environment = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "LC_ALL": "C", "PTREE": Self.path, "SWIFT_BACKTRACE": "enable=no",
      "TMPDIR": directory.path,
    ].merging(TestSettings.passedOn) { $1 }.merging(environment) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try Self.newFile(output)
    process.standardError = try Self.newFile(errors)
    try process.runInForeground()
  }

  private static func newFile(_ path: String) throws -> FileHandle {
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    return try #require(FileHandle(forWritingAtPath: path))
  }

  /// Runs the tool to its end.
  static func run(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> Ended {
    try Tool(arguments, environment: environment).end()
  }

  /// Runs a shell command to its end.
  static func run(shell: String) throws -> Ended { try Tool(shell: shell).end() }

  /// How a run ended.
  struct Ended {
    /// The exit code, or the negated signal.
    let code: Int32
    let output: String
    let errors: String

    var lines: [Substring] { output.split(separator: "\n") }

    /// The document on standard output, which has to be the only thing there.
    func json() throws -> Any {
      try JSONSerialization.jsonObject(with: Data(output.utf8), options: .fragmentsAllowed)
    }
  }

  /// Waits for the end; nothing of the run may be left then, neither processes nor files.
  ///
  /// A run that does not end is ended, after it has reported what it waits for.
  func end() throws -> Ended {
    if !wait(Self.longest, for: { !process.isRunning }) {
      signal(SIGQUIT)
      _ = wait(.seconds(5)) { errorsSoFar.contains(" waits ") || !process.isRunning }
      signal(SIGKILL)
      Issue.record("it did not end within \(Self.longest): \(errorsSoFar.suffix(10_000))")
    }
    process.waitUntilExit()
    #expect(processes == [], "left behind")
    return Ended(code: code, output: try Self.read(output), errors: try Self.read(errors))
  }

  /// When a run counts as hung; most take some seconds.
  private static let longest = Duration.seconds(240).scaled

  /// Whether the tool itself has not ended.
  var isRunning: Bool { processes.contains(pid) }

  /// Waits for the end of a tool whose helpers clear up after it, and for what they clear up:
  /// processes, and the files of the run.
  func endLeavingNothing() throws -> Ended {
    process.waitUntilExit()
    #expect(wait { processes.isEmpty && remains.isEmpty }, "left behind: \(remains)")
    return try end()
  }

  /// The directories of runs that are left, with all in them.
  private var remains: [String] {
    let paths = (try? FileManager.default.subpathsOfDirectory(atPath: directory.path)) ?? []
    return paths.filter { $0.hasPrefix("process-tree-") && $0.contains("/") }
  }

  private var code: Int32 {
    process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  private static func read(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
  }

  /// The text on standard output so far.
  var outputSoFar: String { (try? Self.read(output)) ?? "" }

  /// The text on standard error so far.
  var errorsSoFar: String { (try? Self.read(errors)) ?? "" }

  /// The process id, that of the root of a run.
  var pid: Int32 { process.processIdentifier }

  /// Sends a signal to the tool alone.
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Sends a signal to the tool's process group, as a terminal does.
  func signalGroup(_ number: Int32) { kill(-getpgid(process.processIdentifier), number) }

  /// The living processes of the run: those that work in its directory, as all children do.
  ///
  /// A node's title hides its arguments and its environment.
  var processes: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let path = Array(directory.path.utf8CString.dropLast())
    var target = [CChar](repeating: 0, count: 4_096)
    return names.compactMap { Int32($0) }.filter { pid in
      // A zombie has none.
      let count = readlink("/proc/\(pid)/cwd", &target, target.count)
      return count == path.count && target[..<count].elementsEqual(path)
    }
  }

  /// The title of a process, which for a node is its name.
  func name(of pid: Int32) -> String {
    let title = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))
    return String(decoding: (title ?? Data()).prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Waits until a condition holds; false when it does not in time.
  func wait(_ limit: Duration = .patience, for condition: () throws -> Bool) rethrows -> Bool {
    let start = ContinuousClock.now
    var pauses = Pauses()
    while ContinuousClock.now - start < limit {
      if try condition() { return true }
      usleep(UInt32(pauses.next() / .microseconds(1)))
    }
    return false
  }
}

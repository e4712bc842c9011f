import Foundation
import Testing

/// Everything here starts real processes: one test after another, so that two cores suffice.
@Suite(.serialized)
enum ProcessTrees {}

/// The start methods, each of which has to behave the same.
let startMethods = ["forkServer", "spawn"]

/// Runs of the fixture program, whose scenarios hold the expectations.
struct Fixture {
  /// What a run left.
  struct Outcome {
    var status: Int32
    var reason: Process.TerminationReason
    var output: String
    var errors: String

    /// What shells call the status: 128 and the signal's number for one that was ended by a signal.
    var shellStatus: Int32 { reason == .exit ? status : 128 + status }
  }

  /// Built beside the tests.
  static var executable: URL {
    get throws {
      let build = try #require(
        Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
          ?? Bundle.main.executableURL)
      return build.deletingLastPathComponent().appending(path: "tree-fixture")
    }
  }

  /// Runs a scenario to its end.
  ///
  /// - Parameters:
  ///   - shell: Commands that set limits before the fixture is started in their place.
  static func run(
    _ scenario: String, _ method: String = "forkServer", arguments: [String] = [],
    environment: [String: String] = [:], shell: String = "", timeout: TimeInterval = 120,
    executable: URL? = nil
  ) async throws -> Outcome {
    let files = try TemporaryDirectory()
    let output = files.url.appending(path: "output")
    let errors = files.url.appending(path: "errors")
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    let program = try executable ?? Self.executable
    process.arguments =
      ["-c", "\(shell)\nexec \"$0\" \"$@\"", program.path, scenario] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["FIXTURE_START_METHOD": method].merging(environment) { $1 }
    ) { $1 }
    for (file, path) in [(output, \Process.standardOutput), (errors, \Process.standardError)] {
      try Data().write(to: file)
      process[keyPath: path] = try FileHandle(forWritingTo: file)
    }
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let deadline = Date(timeIntervalSinceNow: timeout)
    // Waiting must not keep one of the few threads that all tests share.
    while process.isRunning, Date() < deadline { try await Task.sleep(for: .milliseconds(2)) }
    if process.isRunning {
      Issue.record("\(scenario) did not end within \(timeout) s")
      // Its own account of where it stands goes to its standard error.
      kill(process.processIdentifier, SIGABRT)
      try await Task.sleep(for: .seconds(10))
      kill(process.processIdentifier, SIGKILL)
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, reason: process.terminationReason,
      output: try String(contentsOf: output, encoding: .utf8),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs a scenario and expects that all it expects holds.
  static func expectSuccess(
    of scenario: String, _ method: String, arguments: [String] = [],
    environment: [String: String] = [:], shell: String = "", timeout: TimeInterval = 120,
    executable: URL? = nil
  ) async throws {
    let outcome = try await run(
      scenario, method, arguments: arguments, environment: environment, shell: shell,
      timeout: timeout, executable: executable)
    let failures = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("FAILED") }
    #expect(
      outcome.reason == .exit && outcome.status == 0,
      "\(scenario) ended with \(outcome.shellStatus): \(failures) \(outcome.errors.prefix(6_000))")
  }

  /// The same by a user who is not root, for root may do everything.
  static func expectSuccessWithoutRights(
    of scenario: String, _ method: String, shell: String = ":"
  ) async throws {
    // Another user needs a copy that it may read.
    let directory = try TemporaryDirectory()
    let copy = directory.url.appending(path: "tree-fixture")
    try FileManager.default.copyItem(at: try executable, to: copy)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o777], ofItemAtPath: directory.url.path)
    let become = getuid() == 0 ? "setpriv --reuid 65533 --regid 65533 --clear-groups --" : ""
    try await expectSuccess(
      of: scenario, method, environment: ["TMPDIR": directory.url.path],
      shell: "\(shell); exec \(become) \"$0\" \"$@\"", executable: copy)
  }
}

/// A directory that goes with its value.
final class TemporaryDirectory {
  let url: URL

  init() throws {
    url = URL(filePath: "/tmp/ptree-tests-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

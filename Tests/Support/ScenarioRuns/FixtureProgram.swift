package import Foundation
import ProcessTreeTestSettings
package import Testing

/// A program of scenarios that tests run as a process of its own.
///
/// The scenarios hold the expectations; a test names those that must hold, and under which
/// conditions.
package protocol FixtureProgram {
  /// The executable's name.
  static var name: String { get }

  /// Variables of the program's environment, besides those of the tests.
  static var environment: [String: String] { get }
}

/// What a run left.
package struct ScenarioOutcome {
  /// The exit code or the signal.
  package var status: Int32
  package var reason: Process.TerminationReason
  package var output: String
  package var errors: String

  /// What shells call the status: 128 and the signal's number for one that was ended by a signal.
  package var shellStatus: Int32 { reason == .exit ? status : 128 + status }

  /// The lines of the output.
  package var lines: [String] { output.split(separator: "\n").map(String.init) }
}

extension FixtureProgram {
  package static var environment: [String: String] { [:] }

  /// The program, which is built beside the tests.
  package static var executable: URL {
    get throws { try builtProgram(name) }
  }

  /// Runs a scenario to its end.
  ///
  /// - Parameters:
  ///   - shell: Commands that set limits before the program is started in their place.
  ///   - timeout: When the run counts as hung, on a machine that is not slow.
  package static func run(
    _ scenario: String, _ method: String = "forkServer", arguments: [String] = [],
    environment: [String: String] = [:], shell: String = "", timeout: TimeInterval = 120,
    executable: URL? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> ScenarioOutcome {
    let files = try TemporaryDirectory()
    let output = files.url.appending(path: "output")
    let errors = files.url.appending(path: "errors")
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    let program = try executable ?? Self.executable
    process.arguments =
      ["-c", "\(shell)\nexec \"$0\" \"$@\"", program.path, scenario] + arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(Self.environment) { $1 }
      .merging([TestSettings.startMethodVariable: method]) { $1 }
      .merging(environment) { $1 }
    for (file, path) in [(output, \Process.standardOutput), (errors, \Process.standardError)] {
      process[keyPath: path] = try FileHandle(creating: file)
    }
    process.standardInput = FileHandle.nullDevice
    try process.runInForeground()
    // Waiting must not keep one of the few threads that all tests share.
    if try await !eventually(within: .seconds(timeout).scaled, { !process.isRunning }) {
      Issue.record(
        "\(scenario) did not end within \(timeout * TestSettings.timeScale) s",
        sourceLocation: sourceLocation)
      // Its own account of where it stands goes to its standard error.
      kill(process.processIdentifier, SIGABRT)
      _ = try await eventually(within: .seconds(10).scaled) { !process.isRunning }
      kill(process.processIdentifier, SIGKILL)
    }
    process.waitUntilExit()
    return ScenarioOutcome(
      status: process.terminationStatus, reason: process.terminationReason,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs a scenario and expects that all it expects holds.
  package static func expectSuccess(
    of scenario: String, _ method: String, arguments: [String] = [],
    environment: [String: String] = [:], shell: String = "", timeout: TimeInterval = 120,
    executable: URL? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let outcome = try await run(
      scenario, method, arguments: arguments, environment: environment, shell: shell,
      timeout: timeout, executable: executable, sourceLocation: sourceLocation)
    guard outcome.reason != .exit || outcome.status != 0 else { return }
    let command = ([name, scenario] + arguments).joined(separator: " ")
    let failures = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("FAILED") }
    Issue.record(
      """
      \(command) (\(method)) ended with \(outcome.shellStatus)
      \(failures.joined(separator: "\n"))
      \(outcome.errors.prefix(3_000))
      \(outcome.errors.dropFirst(3_000).suffix(3_000))
      """, sourceLocation: sourceLocation)
  }

  /// The same by a user who is not root, for root may do everything.
  package static func expectSuccessWithoutRights(
    of scenario: String, _ method: String, shell: String = ":",
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    // Another user needs a copy that it may read.
    let directory = try TemporaryDirectory()
    let copy = directory.url.appending(path: name)
    try FileManager.default.copyItem(at: try executable, to: copy)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o1777], ofItemAtPath: directory.url.path)
    let become = getuid() == 0 ? "setpriv --reuid 65533 --regid 65533 --clear-groups --" : ""
    try await expectSuccess(
      of: scenario, method, environment: ["TMPDIR": directory.url.path],
      shell: "\(shell); exec \(become) \"$0\" \"$@\"", executable: copy,
      sourceLocation: sourceLocation)
  }
}

/// An executable of this package, which is built beside the tests.
package func builtProgram(_ name: String) throws -> URL {
  let bundle =
    Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
    ?? Bundle.main.executableURL
  guard let bundle else { throw CocoaError(.fileNoSuchFile) }
  return bundle.deletingLastPathComponent().appending(path: name)
}

extension FileHandle {
  /// A new file to write to, which only the process it is given to inherits.
  ///
  /// `FileHandle(forWritingTo:)` opens without `O_CLOEXEC`: a program that another thread starts at
  /// that moment inherits the file, and its audit of descriptors sees the file being deleted.
  package convenience init(creating file: URL) throws {
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    self.init(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}

/// A directory that goes with its value.
package final class TemporaryDirectory {
  package let url: URL

  package init() throws {
    url = URL(filePath: "/tmp/ptree-tests-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

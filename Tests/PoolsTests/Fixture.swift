import Foundation
import Testing

/// Runs of the fixture program, whose scenarios hold the expectations.
struct Fixture {
  /// What a run left.
  struct Outcome {
    /// The exit code, or 128 and the number of the signal that ended it.
    var status: Int32
    var output: String
    var errors: String
  }

  /// Built beside the tests.
  static var executable: URL {
    get throws {
      let build = try #require(
        Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
          ?? Bundle.main.executableURL)
      return build.deletingLastPathComponent().appending(path: "pool-fixture")
    }
  }

  /// Runs a scenario to its end; one that hangs is killed.
  static func run(
    _ scenario: String, _ method: String = "forkServer", arguments: [String] = [],
    timeout: TimeInterval = 60
  ) async throws -> Outcome {
    let directory = URL(filePath: "/tmp/ptree-pools-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let output = directory.appending(path: "output")
    let errors = directory.appending(path: "errors")
    let process = Process()
    process.executableURL = try Self.executable
    process.arguments = [scenario] + arguments
    // A backtrace of each worker that is meant to crash takes a second.
    process.environment = ProcessInfo.processInfo.environment.merging([
      "FIXTURE_START_METHOD": method, "SWIFT_BACKTRACE": "enable=no",
    ]) { $1 }
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
      kill(process.processIdentifier, SIGKILL)
    }
    process.waitUntilExit()
    let code = process.terminationStatus
    return Outcome(
      status: process.terminationReason == .exit ? code : 128 + code,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs a scenario and expects that all it expects holds.
  static func expectSuccess(
    of scenario: String, _ method: String, arguments: [String] = [], timeout: TimeInterval = 60
  ) async throws {
    let outcome = try await run(scenario, method, arguments: arguments, timeout: timeout)
    let failures = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("FAILED") }
    #expect(
      outcome.status == 0,
      "\(scenario) ended with \(outcome.status): \(failures) \(outcome.errors.suffix(3_000))")
  }
}

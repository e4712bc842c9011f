import Foundation
import Testing

/// Runs of the fixture program, whose scenarios hold the expectations.
enum Fixture {
  /// What a run left.
  struct Outcome {
    var status: Int32
    var reason: Process.TerminationReason
    var output: String
    var errors: String
  }

  /// Built beside the tests.
  private static var executable: URL {
    get throws {
      let build = try #require(
        Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
          ?? Bundle.main.executableURL)
      return build.deletingLastPathComponent().appending(path: "pipeline-fixture")
    }
  }

  /// Runs a scenario to its end.
  static func run(
    _ scenario: String, _ method: String, arguments: [String] = [], timeout: TimeInterval = 60
  ) async throws -> Outcome {
    let directory = URL(filePath: "/tmp/ptree-pipelines-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let output = directory.appending(path: "output")
    let errors = directory.appending(path: "errors")
    for file in [output, errors] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = try executable
    process.arguments = [scenario] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["FIXTURE_START_METHOD": method]
    ) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let deadline = Date(timeIntervalSinceNow: timeout)
    // Waiting must not keep one of the few threads that all tests share.
    while process.isRunning, Date() < deadline { try await Task.sleep(for: .milliseconds(2)) }
    if process.isRunning {
      Issue.record("\(scenario) \(arguments) did not end within \(timeout) s")
      kill(process.processIdentifier, SIGKILL)
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, reason: process.terminationReason,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }

  /// Runs a scenario and expects that all it expects holds.
  static func expectSuccess(
    of scenario: String, _ method: String, arguments: [String] = []
  ) async throws {
    let outcome = try await run(scenario, method, arguments: arguments)
    let failures = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("FAILED") }
    #expect(
      outcome.reason == .exit && outcome.status == 0,
      "\(scenario) \(arguments) ended with \(outcome.status): \(failures) \(outcome.errors.suffix(3_000))"
    )
  }
}

import Foundation
import ProcessTreeProcessControl
import ProcessTreeScenarioRuns
import ProcessTreeTestSettings
import Testing

/// A run of the fixture program.
final class Fixture {
  /// The lines that it has printed, by their first word.
  private(set) var facts: [String: [String]] = [:]
  private let process = Process()
  private let output = Pipe()
  private var buffer: [UInt8] = []

  /// Starts a scenario.
  init(_ scenario: String, directory: String = "") throws {
    let path = try #require(HostProcess.executablePath)
    process.executableURL = URL(fileURLWithPath: path).deletingLastPathComponent()
      .appendingPathComponent("process-control-fixture")
    process.arguments = directory.isEmpty ? [scenario] : [scenario, directory]
    process.environment = ["FIXTURE": "outer", "PATH": "/usr/bin:/bin"]
      .merging(TestSettings.passedOn) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    try process.runInForeground()
    try output.fileHandleForWriting.close()
  }

  /// The root's pid.
  var pid: Int32 { process.processIdentifier }

  /// Plays a scenario to its end; facts of a failed one are recorded as an issue.
  static func play(_ scenario: String) throws -> Fixture {
    let fixture = try Fixture(scenario)
    fixture.readToEnd()
    #expect(fixture.facts["error"] == nil)
    return fixture
  }

  /// The only value of a fact.
  subscript(_ key: String) -> String? { facts[key]?.first }

  /// Reads until a fact is there.
  func wait(for key: String) throws {
    while facts[key] == nil {
      guard readMore() else {
        Issue.record("the fixture ended before it said \(key): \(facts)")
        return
      }
    }
  }

  /// Reads to the end and waits for the exit.
  func readToEnd() {
    while readMore() {}
    process.waitUntilExit()
  }

  /// How it ended, in Python's numbers.
  func exitCode() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
  }

  private func readMore() -> Bool {
    let chunk = output.fileHandleForReading.availableData
    guard !chunk.isEmpty else { return false }
    buffer += chunk
    while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: buffer[..<end], as: UTF8.self)
      buffer.removeSubrange(...end)
      let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      facts[String(words[0]), default: []].append(words.count > 1 ? String(words[1]) : "")
    }
    return true
  }
}

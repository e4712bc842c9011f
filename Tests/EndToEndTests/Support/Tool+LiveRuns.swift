import Foundation
import ProcessTreeTestSettings
import Testing

/// Runs of topology files, looked at and changed by further runs of the tool.
extension Tool {
  /// Starts a file under a name that no other run has.
  static func running(_ file: String, _ options: String = "--quiet") throws -> Tool {
    try Tool(
      shell:
        "printf '%s' \"$TEXT\" > run-$$.yaml; exec \"$PTREE\" run run-$$.yaml \(options)",
      environment: ["TEXT": "ptree: 1\n" + file])
  }

  /// A run of a file with one pipeline, in a shell that `before` and `after` may use.
  static func pipeline(
    _ pipeline: String, _ method: String = "forkServer", before: String = "", after: String = ""
  ) throws -> Tool {
    let file = "ptree: 1\nnodes:\n  p:\n    pipeline: {\(pipeline)}\n"
    return try Tool(
      shell: """
        printf '%s' "$TEXT" > t.yaml
        \(before)
        \(after.isEmpty ? "exec " : "")"$PTREE" run t.yaml --quiet --start-method \(method) \(after)
        """, environment: ["TEXT": file])
  }

  /// The answer of a command about this run.
  func ask(_ command: String, _ words: String...) throws -> Ended {
    try Tool([command, "\(pid)"] + words).end()
  }

  /// The nodes that `ps RUN --json` shows, those above first.
  func nodes() throws -> [[String: Any]] { Self.nodes(in: try ask("ps", "--json")) }

  static func nodes(in shown: Ended) -> [[String: Any]] {
    guard let document = try? shown.json() as? [String: Any],
      let runs = document["runs"] as? [[String: Any]], let root = runs.first?["root"]
    else { return [] }
    var waiting = root as? [[String: Any]] ?? [root as? [String: Any] ?? [:]]
    var found: [[String: Any]] = []
    while !waiting.isEmpty {
      let node = waiting.removeFirst()
      found.append(node)
      waiting += node["children"] as? [[String: Any]] ?? []
    }
    return found
  }

  func state(of address: String) throws -> String? {
    try nodes().first { $0["address"] as? String == address }?["state"] as? String
  }

  func incarnation(of address: String) throws -> Int? {
    try nodes().first { $0["address"] as? String == address }?["incarnation"] as? Int
  }

  /// Waits until a node is in a state.
  func waits(for address: String, toBe state: String) throws -> Bool {
    try wait { try self.state(of: address) == state }
  }

  /// How many descriptors the root has open.
  func descriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
  }

  /// The memory of the root in KiB that no file stands behind: pages of the program come as code
  /// first runs.
  func memory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
    return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
  }

  /// The path of the run's desk.
  func desk() throws -> String {
    let found = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
    return directory.path + "/" + (try #require(found.first { $0.hasSuffix("/desk") }))
  }

  /// Stops the run by the tool, and checks what it ends with.
  func stopRun() throws {
    let stop = try ask("stop", "--reason", "the test is over")
    #expect(stop.code == 0, "\(stop.output)\(stop.errors)")
    #expect(try end().code == -SIGTERM)
  }
}

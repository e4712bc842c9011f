import Foundation
import ProcessTreeScenarioRuns
import Testing

private func hasPythonPackages() throws -> Bool {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["python3", "-c", "import msgpack, zmq"]
  process.standardError = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus == 0
}

extension ProcessTrees {
  /// The node in Python at the end of the protocol's document takes part in a tree.
  @Suite(.enabled("python3 has pyzmq and msgpack") { try hasPythonPackages() })
  struct ForeignNodeTests {
    /// The code of the document.
    private func script() throws -> String {
      let document = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Docs/protocol.md")
      let text = try String(contentsOf: document, encoding: .utf8)
      let code = try #require(text.components(separatedBy: "```python\n").last)
      return try #require(code.components(separatedBy: "```").first)
    }

    private func run(_ script: String, _ scenario: String) async throws {
      let files = try TemporaryDirectory()
      let file = files.url.appending(path: "node.py")
      try script.write(to: file, atomically: false, encoding: .utf8)
      try await Fixture.expectSuccess(
        of: scenario, "spawn", environment: ["FOREIGN_NODE": file.path])
    }

    @Test func exchangesMessages() async throws {
      try await run(try script(), "foreignNode")
    }

    /// A node that knows all that it was given tries to be another, on every kind of connection.
    @Test func aSiblingCannotPretendToBeAnother() async throws {
      let beginning = try #require(try script().components(separatedBy: "class Link:").first)
      try await run(beginning + hostileNode, "hostileSibling")
    }

    @Test(arguments: ["\"process-tree\", 5, 0", "\"process-tree-link\", 5, 0"])
    func isRefusedByNameWhenItSpeaksAnotherVersion(hello: String) async throws {
      let script = try script()
      try #require(script.contains(hello))
      let old = hello.replacingOccurrences(of: "5, 0", with: "2, 0")
      try await run(
        script.replacingOccurrences(of: hello, with: old), "foreignNodeOfAnotherVersion")
    }
  }
}

import Foundation
import Testing

@testable import Pipelines

/// Lines and bytes of files.
@Suite struct FileLinesTests {
  private func withFiles<Value>(
    _ contents: [[UInt8]], _ body: ([String]) async throws -> Value
  ) async throws -> Value {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "file-lines-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let files = contents.indices.map { directory.appending(path: "\($0)") }
    for (file, bytes) in zip(files, contents) { try Data(bytes).write(to: file) }
    return try await body(files.map(\.path))
  }

  private func lines(_ contents: [String], limit: Int = 1 << 20) async throws -> [String] {
    try await withFiles(contents.map { Array($0.utf8) }) { paths in
      try await FileLines(paths, limit: limit).reduce(into: []) { $0.append($1) }
    }
  }

  @Test(
    arguments: [
      ([""], []), (["\n"], [""]), (["a"], ["a"]), (["a\nb\n"], ["a", "b"]),
      (["a\n\nb"], ["a", "", "b"]),
      (["a", "b\n", "", "\n\nc"], ["a", "b", "", "", "c"]), ([], []), (["é\r\n"], ["é\r"]),
    ] as [([String], [String])])
  func comeOneAfterAnother(contents: [String], expected: [String]) async throws {
    #expect(try await lines(contents) == expected)
  }

  @Test func crossTheEndsOfWhatIsReadTogether() async throws {
    let wanted = (0..<30_000).map { "line \($0) " + String(repeating: "x", count: $0 % 97) }
    let text = wanted.joined(separator: "\n")
    #expect(try await lines([text, text]) == wanted + wanted)
    let long = String(repeating: "y", count: 200_000)
    #expect(try await lines(["a\n\(long)\nb"]) == ["a", long, "b"])
  }

  @Test func areBounded() async throws {
    let line = String(repeating: "y", count: 100_000)
    #expect(try await lines([line], limit: 100_000) == [line])
    for text in [line, line + "\n", line + "\nx"] {
      await #expect(throws: FileFailure.self) { _ = try await lines([text], limit: 99_999) }
    }
  }

  @Test func bytesComeAsTheyAre() async throws {
    let contents = [0, 1, 65_536, 65_537, 1_000_000].map { size in
      (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    }
    try await withFiles(contents) { paths in
      var bytes: [UInt8] = []
      for try await chunk in FileChunks(paths) {
        #expect(!chunk.isEmpty && chunk.count <= 64 << 10)
        bytes += chunk
      }
      #expect(bytes == Array(contents.joined()))
    }
  }

  @Test(
    arguments: [("/no/such/file", .notOpened), ("/", .notRead)] as [(String, FileFailure.Code)])
  func aFileThatCannotBeReadIsNamed(path: String, code: FileFailure.Code) async throws {
    let failure = await #expect(throws: FileFailure.self) {
      for try await _ in FileLines([path]) {}
    }
    #expect(failure?.code == code)
    #expect(failure?.description.hasPrefix(path + ": ") == true)
  }

  @Test func aPipeThatNobodyWritesToIsLeft() async throws {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "file-lines-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    #expect(mkfifo(directory.path, 0o600) == 0)
    let writer = open(directory.path, O_RDWR | O_CLOEXEC)
    defer { close(writer) }
    let path = directory.path
    let task = Task { for try await _ in FileLines([path]) {} }
    try await Task.sleep(for: .milliseconds(20))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}

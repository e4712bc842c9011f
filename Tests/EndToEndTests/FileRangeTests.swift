import Foundation
import ProcessTreeStages
import Testing

@testable import ProcessTreeExamples

extension EndToEndTests {
  /// Parts of files that the counters of words read by themselves.
  struct FileRangeTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
      directory = try TemporaryDirectory()
      path = directory.path + "/file"
    }

    /// Writes the file, and makes a range of all its bytes.
    private func write(_ text: String) throws -> FileRange {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      var status = stat()
      try #require(stat(path, &status) == 0)
      return FileRange(
        path: Array(path.utf8), device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
        bytes: 0..<Int(status.st_size))
    }

    /// What a tokenizer emits for a range.
    private func counts(of range: FileRange) throws -> [WordCounts] {
      var tokenize = Tokenize(parts: 1)
      var counts: [WordCounts] = []
      try tokenize.process(range.message) { counts.append($0) }
      return counts
    }

    @Test func everyWordIsInOneRangeHoweverTheyAreCut() throws {
      let word = String(repeating: "x", count: 23)
      let whole = try write("ab \(word) cd.\(word)\(word)  e \(word)")
      for size in 1...whole.bytes.count {
        var found: [String: Int] = [:]
        for start in stride(from: 0, to: whole.bytes.count, by: size) {
          var part = whole
          part.bytes = start..<min(start + size, whole.bytes.count)
          for counts in try counts(of: part) {
            var letters = counts.letters[...]
            for (length, count) in zip(counts.lengths, counts.counts) {
              found[String(decoding: letters.prefix(length), as: UTF8.self), default: 0] += count
              letters = letters.dropFirst(length)
            }
          }
        }
        #expect(
          found == ["ab": 1, "cd": 1, "e": 1, word: 2, word + word: 1], "ranges of \(size) bytes")
      }
    }

    /// Else one word is read once for each range that it lies in.
    @Test func aRangeInsideAWordIsNotReadBeyond() throws {
      var range = try write("a " + String(repeating: "x", count: 20_000) + " b")
      range.bytes = 1_000..<2_000
      var text: [UInt8] = Array("from before".utf8)
      try range.read(into: &text)
      #expect(text.isEmpty)
    }

    @Test func aFileThatIsGoneOrAnotherOneIsReported() throws {
      let range = try write("some words")
      #expect(try counts(of: range).map(\.words) == [2])
      // A second name keeps the inode from being used again.
      try FileManager.default.moveItem(atPath: path, toPath: path + "-kept")
      let gone = try counts(of: range)
      _ = try write("other words")
      let replaced = try counts(of: range)
      #expect(gone.map(\.unreadable?.failure.number) == [ENOENT])
      #expect(replaced.map(\.unreadable?.failure.number) == [ESTALE])
      // The stages behind pass it on, and it is one file however many ranges fail.
      var emitted: [WordCounts] = []
      var (count, merge) = (CountWords(top: nil), MergeWords(top: nil))
      for counts in gone + replaced {
        try count.process(counts) { try merge.process($0) { emitted.append($0) } }
      }
      #expect(emitted.count == 2)
      #expect(WordCounts.unreadable(in: emitted).map(\.path) == [range.path])
    }

    @Test func aRangeTravelsAsBytesThatAreNoText() throws {
      for path in ["/d/file", "-r", "/ends/in r", "/\u{0}\n"] {
        let range = FileRange(
          path: Array(path.utf8), device: .max, inode: 7, bytes: 2 << 20..<1 << 40)
        #expect(FileRange(range.message) == range)
      }
      #expect(FileRange(Array("or".utf8)) == nil)
      #expect(FileRange(Array((String(repeating: "or ", count: 50) + "\n").utf8)) == nil)
      #expect(FileRange([]) == nil)
    }

    /// A pipeline limits the bytes that are on their way only where it can count them.
    @Test func textIsLimitedByItsBytes() {
      let chunk = [UInt8](repeating: UInt8(ascii: "\n"), count: 256 << 10)
      #expect(ByteEstimate<Tokenize.Input>().bytes(of: chunk) > chunk.count)
    }
  }
}

public import Pipelines

/// Counts the line feeds and bytes of its input.
struct CountLines: Stage {
  private var counts = LineCounts()

  mutating func process(_ bytes: [UInt8], emit: (LineCounts) throws -> Void) throws {
    counts.bytes += bytes.count
    for byte in bytes where byte == UInt8(ascii: "\n") { counts.lines += 1 }
  }

  func finish(emit: (LineCounts) throws -> Void) throws { try emit(counts) }
}

/// How many lines and bytes something has.
struct LineCounts: Codable, Sendable {
  var lines = 0
  var bytes = 0
}

/// A pipeline with an external command in it: `gzip` expands, a node counts.
///
/// The command is a stage as any other: it gets what comes as its standard input, what it writes
/// goes on, and when it fails its own words are part of the failure. It cannot outlive its node.
public struct Lines: Example {
  /// What it is run by.
  public static let name = "lines"
  /// What it teaches.
  public static let lesson = "an external command as a stage: gzip expands, a node counts lines"

  private let files: [[UInt8]]

  /// Makes the example with the files, whose paths need not be UTF-8.
  public init(files: [[UInt8]]) {
    self.files = files
  }

  /// Expands and counts one file after the other.
  public func run(in root: Node) async throws -> LinesReport {
    try GivenPaths.check(files, allowsDirectories: false)
    let expandAndCount = Pipeline(
      Command("gzip", ["-dc"], environment: .inherit(adding: ["LC_ALL": "C"])),
      input: .chunks, output: .chunks
    ).then(CountLines())
    var report = LinesReport()
    for file in files {
      let compressed = FileChunks([file], cut: .anywhere, for: root, name: Self.name)
      do {
        let counts = try await root.run(over: compressed, using: expandAndCount)
        report.add(counts[0], of: file)
      } catch let failure as PipelineFailure {
        throw LinesFailure(file: file, failure)
      }
      guard compressed.counts.unreadable == 0 else { throw LinesFailure(file: file, nil) }
    }
    return report
  }
}

internal import Glibc
internal import Pipelines
internal import ProcessTree
internal import ProcessTreeBase

/// The records that a pipeline begins with.
struct RecordSource: AsyncSequence, Sendable {
  enum Origin: Sendable {
    /// Files one after another, which end the last record of each.
    case files([String])
    /// The standard input of the run, under the path that opens it.
    case standardInput(String)
    /// Their paths themselves, which need be no text.
    case paths([[UInt8]])
    /// Its standard output, unless that is a joint: then it has no records for anybody else.
    case command(Command)
    case list([[UInt8]])
    case range(ClosedRange<Int>)

    /// The paths of the files that are read, or may be by those that get their names.
    var paths: [String] {
      switch self {
      case .files(let paths): paths
      case .standardInput(let path): [path]
      case .paths(let paths): paths.map { String(decoding: $0, as: UTF8.self) }
      case .command, .list, .range: []
      }
    }
  }

  let origin: Origin
  let framing: RecordFraming
  /// Whether an element is any number of whole records, with their marks.
  let isWhole: Bool
  let node: Node

  struct Iterator: AsyncIteratorProtocol {
    fileprivate let source: RecordSource
    fileprivate var files: ArraySlice<String> = []
    fileprivate var records: Records<FileChunks>?
    fileprivate var run: CommandRun?
    fileprivate var made: Records<CommandOutput<[UInt8]>>?
    fileprivate var next = 0

    mutating func next() async throws -> [UInt8]? {
      switch source.origin {
      case .list(let list), .paths(let list):
        guard next < list.count else { return nil }
        defer { next += 1 }
        return list[next]
      case .range(let range):
        guard next < range.count else { return nil }
        defer { next += 1 }
        return Array(String(range.lowerBound + next).utf8)
      case .files: return try await nextOfFiles()
      case .standardInput:
        do {
          return try await nextOfFiles()
        } catch let failure as FileFailure {
          throw SystemRefusal(description: "standard input: \(failure.message)")
        }
      case .command(let command): return try await nextOfCommand(command)
      }
    }

    private mutating func nextOfFiles() async throws -> [UInt8]? {
      while true {
        if let record = try await records?.next() { return record }
        guard let path = files.popFirst() else { return nil }
        records = Records(FileChunks([path]), source)
      }
    }

    private mutating func nextOfCommand(_ command: Command) async throws -> [UInt8]? {
      if run == nil {
        let run = try await source.node.start(command)
        run.widenStreams()
        self.run = run
        if command.standardOutput == .pipe { made = Records(run.chunks, source) }
      }
      if let record = try await made?.next() { return record }
      try await run?.waitForSuccess()
      return nil
    }
  }

  func makeAsyncIterator() -> Iterator {
    var iterator = Iterator(source: self)
    switch origin {
    case .files(let paths): iterator.files = paths[...]
    case .standardInput(let path): iterator.files = [path]
    case .command, .paths, .list, .range: break
    }
    return iterator
  }
}

extension RecordSource {
  /// Records as they stand in chunks of bytes: single ones, or whole ones together.
  fileprivate enum Records<Chunks: AsyncSequence & Sendable> where Chunks.Element == [UInt8] {
    case single(SplitRecords<Chunks>.Iterator)
    case whole(WholeRecords<Chunks>.Iterator)
    /// The next one is being made.
    case busy

    init(_ chunks: Chunks, _ source: RecordSource) {
      self =
        source.isWhole
        ? .whole(WholeRecords(chunks, source.framing).makeAsyncIterator())
        : .single(SplitRecords(chunks, source.framing).makeAsyncIterator())
    }

    mutating func next() async throws -> [UInt8]? {
      switch self {
      case .single(var records):
        // Held by one name at a time, or its bytes would be copied.
        self = .busy
        defer { self = .single(records) }
        return try await records.next()
      case .whole(var records):
        self = .busy
        defer { self = .whole(records) }
        return try await records.next()
      case .busy: return nil
      }
    }
  }
}

/// Paths by patterns of the shell.
enum Paths {
  /// The paths that match, each pattern's sorted by bytes; a pattern that matches none is an error.
  static func matching(_ patterns: [String]) throws -> [[UInt8]] {
    try patterns.flatMap { pattern in
      var found = glob_t()
      defer { globfree(&found) }
      let result = glob(pattern, GLOB_NOSORT, nil, &found)
      guard result == 0, let list = found.gl_pathv else {
        throw SystemRefusal(description: "no file matches '\(pattern)'")
      }
      let paths = (0..<Int(found.gl_pathc)).compactMap { list[$0].map { bytes($0) } }
      return paths.sorted { $0.lexicographicallyPrecedes($1) }
    }
  }

  /// A path as text; an error for a name that is none.
  static func text(_ path: [UInt8]) throws -> String {
    guard let text = String(validating: path, as: UTF8.self) else {
      throw SystemRefusal(
        description:
          "the name of '\(String(decoding: path, as: UTF8.self))' is no UTF-8; rename it")
    }
    return text
  }

  private static func bytes(_ path: UnsafePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
  }
}

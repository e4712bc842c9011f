import Foundation

/// A text file of the package.
struct SourceFile {
  /// The path from the package's root.
  let path: String
  let text: String

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

  /// How many lines an editor shows.
  var lineCount: Int { lines.count - (text.hasSuffix("\n") ? 1 : 0) }

  var isSwift: Bool { path.hasSuffix(".swift") }

  /// The target that the file belongs to, nil outside `Sources` and `Examples`.
  var target: String? {
    let parts = path.split(separator: "/")
    switch parts.first {
    case "Sources" where parts.count > 2: return String(parts[1])
    // An app is a target of its own.
    case "Examples" where parts[1] == "Crawl": return "crawl"
    case "Examples": return "ProcessTreeExamples"
    default: return nil
    }
  }
}

/// The package's files, as they lie on disk.
enum SourceTree {
  /// The directory of `Package.swift`, found from where this file was compiled.
  static let root: URL = {
    var directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while directory.path != "/" {
      let manifest = directory.appendingPathComponent("Package.swift").path
      if FileManager.default.fileExists(atPath: manifest) { break }
      directory.deleteLastPathComponent()
    }
    return directory
  }()

  /// The files in some folders whose names end so, in order of their paths.
  static func files(in folders: [String], endings: [String]) throws -> [SourceFile] {
    try folders.flatMap { folder in
      try FileManager.default.subpathsOrEmpty(root.appendingPathComponent(folder).path)
        .filter { path in endings.contains { path.hasSuffix($0) } && !path.contains(".build/") }
        .map { try file("\(folder)/\($0)") }
    }.sorted { $0.path < $1.path }
  }

  /// One file, by its path from the root.
  static func file(_ path: String) throws -> SourceFile {
    let url = root.appendingPathComponent(path)
    return SourceFile(path: path, text: try String(contentsOf: url, encoding: .utf8))
  }

  /// Whether there is a file or folder at a path from the root.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }
}

extension FileManager {
  fileprivate func subpathsOrEmpty(_ path: String) throws -> [String] {
    fileExists(atPath: path) ? try subpathsOfDirectory(atPath: path) : []
  }
}

/// Something that breaks a rule, as a reader can find it.
struct Violation: Hashable, CustomStringConvertible {
  let path: String
  var line: Int?
  let reason: String

  var description: String { path + (line.map { ":\($0)" } ?? "") + ": " + reason }
}

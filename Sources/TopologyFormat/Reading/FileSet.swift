internal import Glibc

/// The files that belong to one topology, each read once.
package final class FileSet {
  static let most = 64
  /// How deep files may lead to others.
  static let mostLevels = 16

  package private(set) var sources: [SourceFile] = []
  /// The keys that stand twice in the files, by the files' numbers.
  private var duplicates: [Int: [ReadingFailure]] = [:]
  /// The first file, until its check asks for it.
  private var ahead: (path: String, read: (number: Int, value: Result<Value, ReadingFailure>))?
  /// The bytes of a file instead of those on disk, for tests.
  private let givenText: ((String) -> String?)?

  package init(contents: ((String) -> String?)? = nil) { givenText = contents }

  package subscript(_ number: Int) -> SourceFile? {
    sources.indices.contains(number) ? sources[number] : nil
  }

  /// Reads the first file before its check, which then reads it no second time.
  func readAhead(_ path: String) -> Result<Value, ReadingFailure> {
    let first = readOn(path)
    ahead = (path, first)
    return strict(first)
  }

  /// The value of a file in which no key stands twice.
  func read(_ path: String) -> Result<Value, ReadingFailure> { strict(readOn(path)) }

  private func strict(
    _ read: (number: Int, value: Result<Value, ReadingFailure>)
  ) -> Result<Value, ReadingFailure> {
    duplicates(of: read.number).first.map { .failure($0) } ?? read.value
  }

  /// The keys that stand twice in a file.
  func duplicates(of number: Int) -> [ReadingFailure] { duplicates[number] ?? [] }

  /// Reads a file and gives it a number; a file that cannot be read has a number as well.
  ///
  /// Of two equal keys the value has the first; see `duplicates(of:)`.
  func readOn(_ path: String) -> (number: Int, value: Result<Value, ReadingFailure>) {
    if let known = ahead, known.path == path {
      ahead = nil
      return known.read
    }
    let number = sources.count
    let directory = Path.directory(of: path)
    func file(_ text: String, _ identity: FileIdentity? = nil) -> SourceFile {
      SourceFile(path: path, directory: directory, text: text, identity: identity)
    }
    do throws(ReadingFailure) {
      let contents = try contents(of: path)
      do throws(ReadingFailure) {
        let text = try FileReading.text(from: contents.bytes)
        sources.append(file(text, contents.identity))
      } catch {
        // Messages about what is no text show their line too.
        sources.append(file(String(decoding: contents.bytes, as: UTF8.self), contents.identity))
        throw error
      }
      var twice: [ReadingFailure] = []
      defer { if !twice.isEmpty { duplicates[number] = twice } }
      let value = try YAMLReading.value(of: sources[number], number: number, duplicates: &twice)
      return (number, .success(value))
    } catch {
      if sources.count == number { sources.append(file("")) }
      var failure = error
      failure.place.file = number
      return (number, .failure(failure))
    }
  }

  private func contents(of path: String) throws(ReadingFailure) -> FileContents {
    guard let givenText else { return try FileReading.contents(of: path) }
    guard let text = givenText(path) else {
      throw ReadingFailure(code: .unreadable, message: "No such file or directory.")
    }
    return FileContents(bytes: Array(text.utf8))
  }
}

/// Paths as text.
package enum Path {
  /// The directory that a file is in; of standard input the working directory.
  package static func directory(of path: String) -> String {
    guard path != "-", let slash = path.lastIndex(of: "/") else { return current }
    return absolute(slash == path.startIndex ? "/" : String(path[..<slash]), from: current)
  }

  /// A path from a directory.
  package static func absolute(_ path: String, from directory: String) -> String {
    if path.hasPrefix("/") { return path }
    let base = directory.hasSuffix("/") ? directory : directory + "/"
    var rest = path[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
    return rest == "." || rest.isEmpty ? directory : base + String(rest)
  }

  /// The same for all paths that lead to one file.
  package static func identity(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return absolute(path, from: current) }
    defer { free(real) }
    return String(cString: real)
  }

  /// The last component without what follows its last dot.
  package static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The working directory.
  package static var current: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
  }
}

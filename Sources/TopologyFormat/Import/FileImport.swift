/// Makes topologies of other tools' files.
package enum FileImport {
  /// Why a file cannot be imported.
  package struct Refusal: Error, CustomStringConvertible {
    package let description: String
  }

  /// A topology file as text, with a comment at each thing that has no equal.
  ///
  /// - Parameter path: A Procfile, by its name or for its lines, or a file of process-compose.
  package static func text(of path: String) throws(Refusal) -> String {
    let files = FileSet()
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let isYAML = [".yaml", ".yml"].contains { name.hasSuffix($0) }
    do throws(ReadingFailure) {
      if !isYAML { return try procfile(try FileReading.text(of: path)) }
      switch files.read(path) {
      case .failure(let failure): throw failure
      case .success(let value): return try ComposeImport(value).text()
      }
    } catch {
      throw Refusal(
        description: "\(path):\(error.place.line):\(error.place.column): \(error.message)")
    }
  }

  // MARK: Procfiles

  private static func procfile(_ text: String) throws(ReadingFailure) -> String {
    var lines = [
      "ptree: 1", "", "# A Procfile's processes end together.", "endsWith: any", "", "nodes:",
    ]
    var names: Set<String> = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let line = line.trimmed
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      guard let colon = line.firstIndex(of: ":") else {
        throw ReadingFailure(
          code: .wrongType, place: Place(line: index + 1),
          message: "a line of a Procfile is NAME: COMMAND.")
      }
      let given = line[..<colon].trimmed
      let name = usable(given, &names)
      if name != given { lines.append("  " + renaming(of: given)) }
      lines.append("  \(name):")
      lines.append("    shell: " + quoted(line[line.index(after: colon)...].trimmed))
    }
    guard !names.isEmpty else {
      throw ReadingFailure(code: .missingKey, message: "there is no process in it.")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The comment at a node whose name is another one than there.
  static func renaming(of name: String) -> String {
    "# '\(printed(name))' has another name here."
  }

  /// Text that stays within a comment.
  static func printed(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.filter { $0.properties.generalCategory.isPrinted }))
  }

  /// A name that a node can have and that no other one has.
  static func usable(_ name: String, _ taken: inout Set<String>) -> String {
    var letters = name.unicodeScalars.map { scalar -> Character in
      let isUsable =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          || "._-".unicodeScalars.contains(scalar))
      return isUsable ? Character(scalar) : "-"
    }
    if letters.first?.isLetter != true { letters.insert("n", at: 0) }
    let base = String(letters.prefix(44))
    var result = base
    var number = 2
    while !taken.insert(result).inserted {
      result = "\(base).\(number)"
      number += 1
    }
    return result
  }

  /// Text as one line of YAML, in which expressions of ours are none.
  static func quoted(_ text: String) -> String {
    let value = Value(.scalar(Scalar(text, isPlain: false)), at: Place())
    return String(YAMLText.text(of: value).dropLast())
  }
}

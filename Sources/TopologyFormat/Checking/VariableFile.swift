/// A file that gives variables their values: a map of names and texts.
package struct VariableFile {
  package let file: SourceFile
  package private(set) var values: [(name: String, value: String)] = []

  /// Reads a file.
  ///
  /// - Throws: A message for people.
  package init(_ path: String) throws(Refusal) {
    let files = FileSet()
    switch files.read(path) {
    case .failure(let failure):
      throw Refusal("\(path):\(failure.place.line):\(failure.place.column): \(failure.message)")
    case .success(let value):
      guard let entries = value.entries else {
        throw Refusal("\(path) has to be a map of variables and their values.")
      }
      file = files.sources[0]
      for entry in entries {
        guard let text = entry.value.text else {
          throw Refusal(
            "\(path):\(entry.place.line):\(entry.place.column): the value of '\(entry.key)' is text."
          )
        }
        values.append((entry.key, text))
      }
    }
  }

  /// Why a file gives no values.
  package struct Refusal: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
  }
}

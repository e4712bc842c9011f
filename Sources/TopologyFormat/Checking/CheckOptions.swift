internal import Glibc

/// The inputs of a check beside the file.
package struct CheckOptions: Sendable {
  /// Values of variables; later ones win.
  package var variables: [(name: String, value: String)] = []
  /// The files that some of them are from.
  package var variableFiles: [SourceFile] = []
  /// Files that are laid over the first one.
  package var overlays: [String] = []
  package var profiles: Set<String> = []
  /// Only these nodes of the file, with all that they depend on.
  package var only: [String] = []
  package var without: Set<String> = []
  package var environment: [String: String] = [:]
  /// Whether an unset variable of the environment counts as given.
  package var isWithoutEnvironment = false
  /// Whether what is missing on this machine, such as an executable, is an error.
  package var isForRun = false
  /// Whether the executables are looked for at all.
  package var looksForExecutables = true
  /// The version that messages about a file's needs name.
  package var toolVersion = ""
  /// The programs of the app that reads the file; nil for a reader that has none.
  package var catalog: (any ProgramCatalog)?

  package init() {}

  /// The environment of this process.
  package static var environmentOfProcess: [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let text = next.pointee {
      if let equals = strchr(text, Int32(UInt8(ascii: "="))) {
        let name = UnsafeRawBufferPointer(start: text, count: text.distance(to: equals))
        variables[String(decoding: name, as: UTF8.self)] = String(cString: equals + 1)
      }
      next += 1
    }
    return variables
  }
}

/// A file that a value of another one names.
package struct NamedFile {
  package let path: String
  /// Where it is named.
  package let name: Value
  /// Which file was read; nil if it could not be.
  package let identity: FileIdentity?
}

/// The result of a check.
package struct CheckedFile {
  package var path: String
  package var files: [SourceFile]
  package var diagnostics: Diagnostics
  /// The topology; nil if there are errors.
  package var topology: TopologyPlan?
  /// The file with all that it includes, and its expressions evaluated.
  package var value: Value?
  /// The files of variables of the environment that nodes name, and where they name them.
  package var environmentFiles: [NamedFile] = []
}

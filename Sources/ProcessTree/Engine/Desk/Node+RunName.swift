internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The name of a run, by which other processes of its user find it.
package enum RunName {
  /// The longest in bytes.
  private static let longest = 256

  /// The name that a run has been given; nil if it has none.
  package static func read(in directory: String) -> String? {
    let bytes = Files.bytes(of: RunDirectory(path: directory).name, limit: longest) ?? []
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self).withoutControlCharacters
  }

  fileprivate static func write(_ name: String, in directory: RunDirectory) {
    try? Descriptors.writeNewFile(
      directory.name, in: directory.path, Array(name.utf8.prefix(longest)))
  }
}

extension Node {
  /// Gives the run its name, once; without one it has its number alone.
  package func nameRun(_ name: String) async {
    try? await runtime.run { runtime in
      if runtime.place != nil { RunName.write(name, in: runtime.directory) }
    }
  }
}

/// A type's name, by which another process of the same program finds the type.
package enum TypeName {
  /// The most bytes of a name.
  package static let longest = 512

  /// Returns the name of a type; other processes may not be able to find that.
  ///
  /// The mangled name of a private or local type contains an address, so no lookup finds it, not
  /// even in the same process.
  package static func of(_ type: Any.Type) -> String { _mangledTypeName(type) ?? "" }

  /// Returns the type of a name that this process or a trusted one has made; nil if there is none.
  ///
  /// It is unsafe for names of another origin: the runtime's lookup has crashed on invented names.
  package static func find(_ name: String) -> Any.Type? {
    // Control characters in a mangled name are references to addresses.
    let isPlain = name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    guard isPlain, !name.isEmpty, name.utf8.count <= longest else { return nil }
    return _typeByName(name)
  }
}

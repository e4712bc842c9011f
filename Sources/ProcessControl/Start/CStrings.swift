import Glibc

/// C strings with a null pointer at the end, as `execve` requires.
final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [[UInt8]]) {
    pointers =
      strings.map { bytes in
        bytes.withUnsafeBytes { bytes in
          guard let start = bytes.baseAddress else { return strdup("") }
          return strndup(start.assumingMemoryBound(to: CChar.self), bytes.count)
        }
      } + [nil]
  }

  convenience init(_ strings: [String]) { self.init(strings.map { Array($0.utf8) }) }

  deinit {
    for pointer in pointers { free(pointer) }
  }
}

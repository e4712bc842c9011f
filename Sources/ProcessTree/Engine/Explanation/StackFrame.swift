internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A line of a stack as the C library writes it: `FILE(FUNCTION+0x12)[0x…]`.
struct StackFrame: Equatable {
  /// The name of the file, without its directories.
  let file: String
  /// Nil for what the file does not export.
  let function: String?
  /// From the beginning of the function, or of the file.
  let offset: UInt64

  /// Nil for a line that is none.
  init?(_ line: some StringProtocol) {
    guard let open = line.lastIndex(of: "("), let close = line[open...].firstIndex(of: ")"),
      let plus = line[open..<close].lastIndex(of: "+"),
      let offset = UInt64(line[plus..<close].dropFirst(3), radix: 16)
    else { return nil }
    file = line[..<open].split(separator: "/").last.map { String($0) } ?? ""
    let name = line[line.index(after: open)..<plus]
    function = name.isEmpty ? nil : String(name)
    self.offset = offset
  }

  /// Whether it is in the executable, whose process may have another title.
  var isOfExecutable: Bool { function == nil && !file.has(".so") }

  /// The frames of stacks for people, with the functions of the executable as they are in Swift.
  ///
  /// The nodes of a tree run one build.
  static func texts(of stacks: [ThreadStack]) -> [ThreadStack] {
    let frames = stacks.map { $0.frames.map { Self($0) } }
    let own = Set(frames.joined().compactMap(\.self).filter(\.isOfExecutable).map(\.offset))
    let functions = ExecutableSymbols(path: "/proc/self/exe")?.functions(at: own) ?? [:]
    return zip(stacks, frames).map { stack, frames in
      var stack = stack
      stack.frames = zip(stack.frames, frames).map { line, frame in
        guard let frame else { return line }
        guard frame.isOfExecutable, let found = functions[frame.offset] else {
          return frame.text(frame.function, frame.offset)
        }
        return frame.text(found.name, found.offset)
      }
      return stack
    }
  }

  private func text(_ function: String?, _ offset: UInt64) -> String {
    let name = function.map(Self.demangled) ?? file
    return "\(name) + \(offset)" + (function == nil || file.has(".so") ? " (\(file))" : "")
  }

  private static func demangled(_ symbol: String) -> String {
    symbol.utf8CString.withUnsafeBufferPointer { name in
      guard let text = demangle(name.baseAddress, UInt(name.count - 1), nil, nil, 0) else {
        return symbol
      }
      defer { free(text) }
      return String(cString: text).limited(to: WireLimits.quotation)
    }
  }
}

@_silgen_name("swift_demangle")
private func demangle(
  _ name: UnsafePointer<CChar>?, _ length: UInt, _ buffer: UnsafeMutablePointer<CChar>?,
  _ size: UnsafeMutablePointer<UInt>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?

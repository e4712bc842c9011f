internal import Glibc

/// The processor time that a process has taken, in ticks of the kernel: it rests while it waits.
public func processorTime(of pid: Int32?) -> [Substring] {
  guard let pid, let file = fopen("/proc/\(pid)/stat", "r") else { return [] }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 4_096)
  let text = String(decoding: bytes.prefix(fread(&bytes, 1, bytes.count, file)), as: UTF8.self)
  // Of the fields behind the name, which may hold blanks: user time and system time.
  let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
  return Array(fields.dropFirst(11).prefix(2))
}

import Foundation
import ProcessTreeTestSettings
import ProcessTreeZeroMQ

/// A private directory for socket files, removed with all that is in it when the test lets go.
final class SocketDirectory {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/zmq-\(UUID().uuidString.prefix(12))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  func endpoint(_ name: String = "a") -> Endpoint { .ipc(path: "\(path)/\(name)") }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Time enough for anything local, also on a slow machine.
let patience: Duration = .seconds(10).scaled

/// Waits until a condition holds; false when it did not in time.
func eventually(within time: Duration = patience, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = ContinuousClock.now + time
  while ContinuousClock.now < deadline {
    if try condition() { return true }
    usleep(2_000)
  }
  return try condition()
}

/// Some bytes that are not all alike.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

/// How many descriptors this process has open.
func openDescriptors() throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}

import Foundation
import Testing

@testable import ProcessTreeTopologyFormat

/// Whether root may use what it has read.
struct TrustTests {
  /// A directory with the sticky bit is meant for all: taking that from others would break it.
  @Test(.enabled(if: geteuid() == 0)) func aFileInADirectoryForAllIsToBeMoved() throws {
    var template = Array("/tmp/ptree-trust-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let directory = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/t.yaml"
    try "ptree: 1\n".write(toFile: path, atomically: false, encoding: .utf8)
    chmod(directory, 0o1777)
    let refusal = Trust.refusal(of: path) ?? ""
    #expect(
      refusal.contains("move it into a directory of your own") && !refusal.contains("chmod"))
  }

  /// The way to a file is looked at after the file was read: what it led to then is what counts.
  @Test(.enabled(if: geteuid() == 0)) func whatHasTakenThePlaceOfAFileIsNotWhatWasRead() throws {
    var template = Array("/tmp/ptree-trust-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let directory = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (path, link) = (directory + "/t.yaml", directory + "/link")
    try "ptree: 1\n".write(toFile: path, atomically: false, encoding: .utf8)
    symlink("t.yaml", link)
    let read = try FileReading.contents(of: link)
    #expect(read.identity != nil)
    for name in [path, link] {
      #expect(Trust.refusal(of: name, being: read.identity) == nil)
    }
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    #expect(Trust.refusal(of: "/proc/self/fd/\(descriptor)", being: read.identity) == nil)
    try "ptree: 1\n".write(toFile: path + ".new", atomically: false, encoding: .utf8)
    #expect(rename(path + ".new", path) == 0)
    for name in [path, link] {
      #expect(Trust.refusal(of: name) == nil)
      #expect(
        Trust.refusal(of: name, being: read.identity)
          == "another file has taken its place since it was read")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

import Documents
import Evaluation
import Feedback
import Files
import SystemPackage
import Testing

@testable import Server

/// `gyre.yaml`: every key may be left out, and every mistake is told with its place.
struct ProjectFileTests {
    @Test func `without a word everything has its default`() throws {
        let file = try ProjectFile.parse("", defaultName: "folder")
        #expect(file.project == "folder")
        #expect(file.model.name == "folder")
        #expect(file.model.positive == "1")
        #expect(file.model.threshold == 0.5)
        #expect(file.evaluation.require.isEmpty)
        #expect(file.loop.retrainWhen.isEmpty)
        #expect(!file.loop.promotesAutomatically)
        #expect(!file.data.isChunked)
    }

    @Test func `data goes as chunks where the file says so`() throws {
        #expect(try ProjectFile.parse("data: {chunking: true}", defaultName: "x").data.isChunked)
        #expect(try !ProjectFile.parse("data: {chunking: false}", defaultName: "x").data.isChunked)
    }

    @Test func `the example's file is read whole`() throws {
        let example = try Example.named("breast-cancer")
        let bytes = try #require(example.files.first { $0.path == "gyre.yaml" }?.bytes)
        let file = try ProjectFile.parse(String(decoding: bytes, as: UTF8.self), defaultName: "x")
        #expect(file.model.name == "breast-cancer")
        #expect(file.model.target == "malignant")
        #expect(file.evaluation.require.count == 4)
        #expect(file.loop.errors == "data/errors.csv")
        #expect(file.loop.retrainWhen.count == 1)
        #expect(file.loop.promotesAutomatically)
        #expect(file.monitoring.reference == "data/train.csv")
    }

    @Test(arguments: [
        ("projet: x", "1:1", "`projet` is not a key (did you mean `project`?)"),
        ("project: [x]", "1:10", "`project` is a list; a text is expected"),
        ("model: x", "1:8", "`model` is a text; a mapping is expected"),
        ("model:\n  nam: x", "2:3", "`model.nam` is not a key (did you mean `name`?)"),
        ("model:\n  threshold: much", "2:14", "`model.threshold` is a text; a number is expected"),
        ("model:\n  threshold: 1.5", "2:14", "it lies between 0 and 1"),
        ("data:\n  chunking: much", "2:13", "`data.chunking` is a text; true or false is expected"),
        ("data:\n  chunkin: true", "2:3", "`data.chunkin` is not a key (did you mean `chunking`?)"),
        ("evaluation:\n  date: x", "2:3", "`evaluation.date` is not a key (did you mean `data`?)"),
        ("evaluation:\n  require: [recal >= 1]", "2:13", "did you mean `recall`?"),
        ("evaluation:\n  require:\n    - recall => 1", "3:7", "is not a comparison"),
        ("monitoring:\n  referense: x", "2:3", "`monitoring.referense` is not a key (did you mean `reference`?)"),
        ("loop:\n  promote: automatc", "2:12", "did you mean `automatic`?"),
        ("loop:\n  retrain_when: [errors.nwe >= 3]", "2:18", "did you mean `errors.new`?"),
        ("loop:\n  error: x", "2:3", "`loop.error` is not a key (did you mean `errors`?)"),
        ("project: [", "", "it is no valid YAML"),
        ("- project", "1:1", "the document is a list; a mapping is expected"),
    ])
    func `a mistake is told with line, column and the nearest name`(text: String, place: String, words: String) throws {
        let error = #expect(throws: DocumentError.self) { try ProjectFile.parse(text, defaultName: "x") }
        let why = try #require(error).why
        #expect(why.contains("gyre.yaml:\(place)"))
        #expect(why.contains(words), "\(why)")
    }

    @Test func `all mistakes are told at once`() throws {
        let text = "a: 1\nmodel: 2\nloop:\n  b: 3\n"
        let error = #expect(throws: DocumentError.self) { try ProjectFile.parse(text, defaultName: "x") }
        #expect(try #require(error).why.split(separator: "\n").count == 3)
    }

    @Test func `a folder inside of a project belongs to it`() async throws {
        try await TestProject.inFolder { folder in
            let inner = folder.appending("a").appending("b")
            try FileSystem.createDirectory(inner)
            #expect(throws: ServerError.self) { try Workspace.find(from: inner) }
            try AtomicFile.write("", to: folder.appending("gyre.yaml"))
            #expect(try Workspace.find(from: inner).root == folder)
        }
    }
}

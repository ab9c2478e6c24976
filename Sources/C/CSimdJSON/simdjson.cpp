// SPDX-License-Identifier: Apache-2.0

#include "CSimdJSON.h"

#include <cstring>
#include <new>
#include <simdjson.h>

using namespace simdjson;

struct gyre_json_document {
    dom::parser parser;
    dom::element root;
};

namespace {

// simdjson's views are a document pointer and an index; they travel through C as exactly that.
static_assert(sizeof(dom::element) == sizeof(gyre_json_place), "an element is two words");
static_assert(sizeof(dom::array) == sizeof(gyre_json_place), "a list is two words");
static_assert(sizeof(dom::object) == sizeof(gyre_json_place), "an object is two words");
static_assert(sizeof(dom::array::iterator) == sizeof(gyre_json_place), "an iterator is two words");
static_assert(sizeof(dom::object::iterator) == sizeof(gyre_json_place), "an iterator is two words");
static_assert(std::is_trivially_copyable<dom::element>::value, "an element can be copied as bytes");
static_assert(std::is_trivially_copyable<dom::array::iterator>::value, "an iterator can be copied as bytes");
static_assert(std::is_trivially_copyable<dom::object::iterator>::value, "an iterator can be copied as bytes");

template <typename View> View view(gyre_json_place place) {
    View result;
    std::memcpy(static_cast<void *>(&result), &place, sizeof place);
    return result;
}

// Iterators have no public default constructor, and `begin` of a view without a document is refused in debug builds; `at` is
// any iterator of that kind, made from a view of the same document, to copy over.
template <typename Iterator> Iterator iterator(Iterator at, gyre_json_place place) {
    std::memcpy(static_cast<void *>(&at), &place, sizeof place);
    return at;
}

template <typename View> gyre_json_place place(const View &view) {
    gyre_json_place result;
    std::memcpy(&result, static_cast<const void *>(&view), sizeof result);
    return result;
}

}

extern "C" gyre_json_document *gyre_json_parse(const void *bytes, size_t length, size_t depth, const char **problem) {
    auto document = new (std::nothrow) gyre_json_document;
    if (document == nullptr) {
        *problem = "no memory is left";
        return nullptr;
    }
    // One more than the input's depth: simdjson counts the document itself.
    auto error = document->parser.allocate(length, depth + 1);
    if (!error) {
        error = document->parser.parse(static_cast<const char *>(bytes), length, true).get(document->root);
    }
    if (error) {
        *problem = error_message(error);
        delete document;
        return nullptr;
    }
    return document;
}

extern "C" void gyre_json_free(gyre_json_document *document) { delete document; }

extern "C" gyre_json_place gyre_json_root(const gyre_json_document *document) { return place(document->root); }

extern "C" char gyre_json_type(gyre_json_place value) {
    switch (view<dom::element>(value).type()) {
    case dom::element_type::ARRAY: return '[';
    case dom::element_type::OBJECT: return '{';
    case dom::element_type::INT64: return 'l';
    case dom::element_type::UINT64: return 'u';
    case dom::element_type::DOUBLE: return 'd';
    case dom::element_type::STRING: return '"';
    case dom::element_type::BOOL: return 't';
    case dom::element_type::NULL_VALUE: return 'n';
    }
    return 'n';
}

extern "C" bool gyre_json_string(gyre_json_place value, const char **bytes, size_t *length) {
    std::string_view text;
    if (view<dom::element>(value).get_string().get(text)) { return false; }
    *bytes = text.data();
    *length = text.size();
    return true;
}

extern "C" bool gyre_json_int64(gyre_json_place value, int64_t *result) {
    return view<dom::element>(value).get_int64().get(*result) == SUCCESS;
}

extern "C" bool gyre_json_uint64(gyre_json_place value, uint64_t *result) {
    return view<dom::element>(value).get_uint64().get(*result) == SUCCESS;
}

extern "C" bool gyre_json_double(gyre_json_place value, double *result) {
    return view<dom::element>(value).get_double().get(*result) == SUCCESS;
}

extern "C" bool gyre_json_bool(gyre_json_place value, bool *result) {
    return view<dom::element>(value).get_bool().get(*result) == SUCCESS;
}

extern "C" size_t gyre_json_count(gyre_json_place value) {
    auto element = view<dom::element>(value);
    dom::array array;
    dom::object object;
    if (!element.get_array().get(array)) {
        // The parser's own count ends at this many; beyond, the items are counted.
        if (array.size() < 0xFFFFFF) { return array.size(); }
        size_t count = 0;
        for (auto iterator = array.begin(); iterator != array.end(); ++iterator) { count += 1; }
        return count;
    }
    if (!element.get_object().get(object)) {
        size_t count = 0;
        for (auto iterator = object.begin(); iterator != object.end(); ++iterator) { count += 1; }
        return count;
    }
    return 0;
}

extern "C" bool gyre_json_member(gyre_json_place object, const char *key, size_t length, gyre_json_place *result) {
    dom::object members;
    dom::element found;
    if (view<dom::element>(object).get_object().get(members)) { return false; }
    if (members.at_key(std::string_view(key, length)).get(found)) { return false; }
    *result = place(found);
    return true;
}

extern "C" bool gyre_json_bounds(gyre_json_place value, gyre_json_place *begin, gyre_json_place *end) {
    auto element = view<dom::element>(value);
    dom::array array;
    dom::object object;
    if (!element.get_array().get(array)) {
        *begin = place(array.begin());
        *end = place(array.end());
        return true;
    }
    if (!element.get_object().get(object)) {
        *begin = place(object.begin());
        *end = place(object.end());
        return true;
    }
    return false;
}

extern "C" gyre_json_place gyre_json_item(gyre_json_place *at) {
    auto current = iterator(view<dom::array>(*at).begin(), *at);
    auto item = place(*current);
    ++current;
    *at = place(current);
    return item;
}

extern "C" gyre_json_place gyre_json_entry(gyre_json_place *at, const char **key, size_t *length) {
    auto current = iterator(view<dom::object>(*at).begin(), *at);
    auto name = current.key();
    *key = name.data();
    *length = name.size();
    auto item = place(current.value());
    ++current;
    *at = place(current);
    return item;
}

// SPDX-License-Identifier: Apache-2.0

#include "WebAssets.h"

static const unsigned char gyre_css[] = {
#embed "assets/gyre.css"
};
static const unsigned char gyre_js[] = {
#embed "assets/gyre.js"
};
static const unsigned char gyre_svg[] = {
#embed "assets/gyre.svg"
};
static const unsigned char badge_mustache[] = {
#embed "assets/badge.mustache"
};
static const unsigned char home_mustache[] = {
#embed "assets/home.mustache"
};
static const unsigned char layout_mustache[] = {
#embed "assets/layout.mustache"
};
static const unsigned char link_mustache[] = {
#embed "assets/link.mustache"
};
static const unsigned char message_mustache[] = {
#embed "assets/message.mustache"
};
static const unsigned char run_mustache[] = {
#embed "assets/run.mustache"
};
static const unsigned char time_mustache[] = {
#embed "assets/time.mustache"
};
static const unsigned char try_js[] = {
#embed "assets/try.js"
};
static const unsigned char try_mustache[] = {
#embed "assets/try.mustache"
};

#define ASSET(path, bytes) {path, bytes, sizeof bytes}

static const GyreWebAsset assets[] = {
    ASSET("gyre.css", gyre_css),
    ASSET("gyre.js", gyre_js),
    ASSET("gyre.svg", gyre_svg),
    ASSET("badge.mustache", badge_mustache),
    ASSET("home.mustache", home_mustache),
    ASSET("layout.mustache", layout_mustache),
    ASSET("link.mustache", link_mustache),
    ASSET("message.mustache", message_mustache),
    ASSET("run.mustache", run_mustache),
    ASSET("time.mustache", time_mustache),
    ASSET("try.js", try_js),
    ASSET("try.mustache", try_mustache),
};

size_t gyre_web_asset_count(void) { return sizeof assets / sizeof assets[0]; }

GyreWebAsset gyre_web_asset(size_t index) { return assets[index]; }

/*
 * The name that an archive's description in a vault says it has, whoever wrote it:
 *
 *   this toolkit             str_escape's form of the name
 *   mt-aws-glacier           "mt2 " and base64 of {"filename": name, "mtime": …}; mt1 is the
 *                            same, encoded in UTF-8 once more (its lib/App/MtAws/MetaData.pm)
 *   FastGlacier              <m><v>4</v><p>base64 of the path</p>…, or the path itself
 *   anybody else             the text as it is
 *
 * Pure.  The name is not a path to be trusted.
 */
#ifndef DESCRIBED_H
#define DESCRIBED_H

#include "str.h"

/* Replaces *name; empty where there is none. */
void described_name(const char *description, struct str *name);

#endif

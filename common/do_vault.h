/* The calls of the vault service that are about vaults and their archives. */
#ifndef DO_VAULT_H
#define DO_VAULT_H

#include "call.h"

void do_vault_create(struct call *);
void do_vault_delete(struct call *);
void do_vault_describe(struct call *);
void do_vault_list(struct call *);

bool do_vault_expect_archive(struct call *);    /* its headers are in: refuse, or be ready for its body */
void do_vault_archive(struct call *);
void do_vault_remove(struct call *);            /* an archive */

/* What nobody can set here: there is none, and nobody may. */
void do_vault_tags(struct call *);
void do_vault_unset(struct call *);
void do_vault_policy(struct call *);
void do_vault_capacity(struct call *);
void do_vault_denied(struct call *);

#endif

// SPDX-License-Identifier: MIT
/*
 * Finding the pages of a TD's control structures.
 */
#include "module/td.h"
#include "module/keyid.h"
#include "module/machine_check.h"
#include "module/sept.h"
#include "module/state.h"

/*
 * Without memory encryption the host can overwrite control structures unnoticed. What the module indexes by is looked at
 * here once; a value that it never writes is what integrity protection would have found.
 */
static void td_check(const struct module *m, const struct td *td)
{
	if (td->tdr->num_tdcx > TDCX_MAX || td->tdr->hkid >= m->hkid_end ||
	    td->tdr->lifecycle > LIFECYCLE_TEARDOWN)
		machine_check_at(td->pa);
	if (td->tdcs && (td->tdcs->num_l2_vms >= MAX_VMS || sept_root_level(td) > SEPT_LEVEL_MAX))
		machine_check_at(keyid_strip(m, td->tdr->tdcx_pa[0]));
}

void td_load(const struct module *m, uint64_t tdr_pa, struct td *td)
{
	td->pa = tdr_pa;
	td->tdr = pa_ptr(m, tdr_pa);
	/* without its key there is nothing to read there: the host may have taken the pages back one by one */
	td->tdcs = td->tdr->lifecycle == LIFECYCLE_KEYS_CONFIGURED && td->tdr->num_tdcx >= TDCX_MIN
		? td_page(m, td, TDCS_PAGE_MAIN) : NULL;
	td_check(m, td);
}

void vcpu_load(const struct module *m, uint64_t tdvpr_pa, struct vcpu *vp)
{
	vp->pa = tdvpr_pa;
	vp->vps = pa_ptr(m, tdvpr_pa);
	if (vp->vps->num_pages > TDVPS_MAX || __atomic_load_n(&vp->vps->curr_vm, __ATOMIC_RELAXED) >= MAX_VMS)
		machine_check_at(tdvpr_pa);
}

void td_add_children(struct td *td, int64_t pages)
{
	__atomic_fetch_add(&td->tdr->chldcnt, (uint64_t)pages, __ATOMIC_RELAXED);
}

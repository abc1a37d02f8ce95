"""`/complaints`: three different things one may want to say, each with its own way.

channel     what the channel is, and what is public of it
reports     which of the three; errors of this site's data
lodge       a complaint, one question a page, kept nowhere until it is sent    arriving   its form and photos on their way in
tickets     a form's own key, and that whoever sends it took some trouble
follow      what its informant sees and does with the tracking code
"""

from __future__ import annotations

from public_site.web.complaints import arriving, channel, follow, lodge, reports

PAGES = (channel, reports, lodge, follow)
__all__ = ["PAGES", "arriving", "channel", "follow", "lodge", "reports"]
